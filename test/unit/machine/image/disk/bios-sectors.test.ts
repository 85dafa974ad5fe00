import { expect, test } from "vitest";
import { biosSectors } from "../../../../../src/machine/image/disk/bios-sectors.ts";

test("the boot sector points at the core, the core's first sector at its rest", () => {
  const { boot, core } = biosSectors(Buffer.alloc(512, 1), Buffer.alloc(5 * 512 + 7, 2), 2048);
  // Only the code: disk signature and partition table are not GRUB's.
  expect(boot).toHaveLength(440);
  expect(boot.readBigUInt64LE(0x5c)).toBe(2048n);
  expect(core.readBigUInt64LE(512 - 12)).toBe(2049n);
  expect(core.readUInt16LE(512 - 4)).toBe(5);
  expect(core.readUInt16LE(512 - 2)).toBe(0x820);
});

test("a core that does not fit its partition is refused", () => {
  expect(() => biosSectors(Buffer.alloc(512), Buffer.alloc(2049 * 512), 2048)).toThrow("2049 sectors");
});
