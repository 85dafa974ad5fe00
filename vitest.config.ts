import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that need not run, from scripts/test.mjs; separated by commas. */
const unchanged = (process.env["LOCALKUBE_TEST_UNCHANGED"] ?? "").split(",").filter(Boolean);

/** Contract tests of a compiled program: they wait for the build as clusters do. */
const needsBuild = [
  "test/contract/cluster-dns.test.ts",
  "test/contract/cluster-dns-live.test.ts",
  "test/contract/addon-load-balancer.test.ts",
  "test/contract/addon-storage.test.ts",
  "test/contract/addon-metrics.test.ts",
  "test/contract/addon-consul.test.ts",
  "test/contract/addon-ingress.test.ts",
];

/** Files that take minutes, the longest first: begun last they would run alone, while a core has nothing to do. */
const longest = [
  "test/vm/driver-virtualbox.test.ts",
  "test/vm/driver-vmware.test.ts",
  "test/vm/main-job-virtualbox.test.ts",
  "test/vm/main-job-vmware.test.ts",
  "test/vm/driver-qemu.test.ts",
  "test/e2e/kill.test.ts",
  "test/e2e/main-job.test.ts",
  "test/e2e/existing-host.test.ts",
  "test/e2e/foreign-socket.test.ts",
  "test/contract/driver-ssh.test.ts",
  "test/contract/virtualbox-real.test.ts",
  "test/contract/driver-podman.test.ts",
  "test/contract/driver-packet.test.ts",
];
const place = ({ moduleId }: TestSpecification): number => {
  const found = longest.findIndex((file) => moduleId.endsWith(`/${file}`));
  return found < 0 ? longest.length : found;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // The default leaves one core to the terminal, of two half of the machine.
    maxWorkers: "100%",
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          exclude: [...needsBuild, ...unchanged],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "cli", include: ["test/cli/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", ...needsBuild],
          exclude: unchanged,
          testTimeout: 600_000,
          hookTimeout: 2_400_000,
          // A cluster waits more than it computes.
          maxWorkers: 2,
        },
      },
      // Emulated guests: a boot takes most of a minute, and most of it one core.
      {
        test: {
          name: "guests",
          include: ["test/vm/**/*.test.ts"],
          exclude: ["test/vm/main-job-*.test.ts", ...unchanged],
          testTimeout: 1_500_000,
          hookTimeout: 2_400_000,
        },
      },
      // A cluster in one of them, also behind the stand-ins, one at a time: with another guest beside it an API server waits for minutes.
      {
        test: {
          name: "vm",
          include: ["test/vm/main-job-*.test.ts"],
          exclude: unchanged,
          testTimeout: 1_500_000,
          hookTimeout: 2_400_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
