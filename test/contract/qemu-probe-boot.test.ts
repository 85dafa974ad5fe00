import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { probeBoot } from "../../drivers/qemu/accelerator.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { hostContext } from "../../src/host/host-context.ts";

let cacheDir: string;
let boots: number;
let host: HostContext;
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "localkube-probe-"));
  boots = 0;
  const real = hostContext();
  host = {
    ...real,
    cacheDir,
    run: (argv, options) => {
      if (argv.includes("-accel")) boots += 1;
      return real.run(argv, options);
    },
  };
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(cacheDir, { recursive: true, force: true });
});

it("boots a guest that switches itself off, once", async () => {
  expect(await probeBoot("tcg", host)).toBeUndefined();
  expect(await probeBoot("tcg", host)).toBeUndefined();
  expect(boots).toBe(1);
});

it("tells why an accelerator runs none, keeps that for a while, and then looks again: what held the processor may be gone", async () => {
  const problem = await probeBoot("xen", host);
  expect(problem).toMatch(/\w/);
  expect(await probeBoot("xen", host)).toBe(problem);
  expect(boots).toBe(1);
  vi.setSystemTime(Date.now() + 11 * 60_000);
  expect(await probeBoot("xen", host)).toBe(problem);
  expect(boots).toBe(2);
});

it("boots again when its note is damaged", async () => {
  await probeBoot("tcg", host);
  const [note = ""] = readdirSync(join(cacheDir, "qemu")).filter((name) => name.endsWith(".json"));
  writeFileSync(join(cacheDir, "qemu", note), '{"prob');
  expect(await probeBoot("tcg", host)).toBeUndefined();
  expect(boots).toBe(2);
});
