import { defineConfig } from "vitest/config";

/** Files that need not run, from scripts/test.mjs; separated by commas. */
const unchanged = (process.env["LOCALKUBE_TEST_UNCHANGED"] ?? "").split(",").filter(Boolean);

export default defineConfig({
  test: {
    // The default leaves one core to the terminal, of two half of the machine.
    maxWorkers: "100%",
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          exclude: unchanged,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "cli", include: ["test/cli/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: unchanged,
          testTimeout: 600_000,
          hookTimeout: 2_400_000,
          // A cluster waits more than it computes.
          maxWorkers: 2,
        },
      },
      // Emulated guests: a boot takes most of a minute, and most of it one core. With them the clusters behind the stand-ins, which have time.
      {
        test: {
          name: "guests",
          include: ["test/vm/**/*.test.ts"],
          exclude: ["test/vm/main-job-qemu.test.ts", ...unchanged],
          testTimeout: 600_000,
          hookTimeout: 2_400_000,
        },
      },
      // A cluster in one of them, with the host's cores to itself.
      {
        test: {
          name: "vm",
          include: ["test/vm/main-job-qemu.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 2_400_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
