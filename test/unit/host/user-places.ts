import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** What only root can make: mount points, devices, other owners. */
export const isRoot = process.getuid?.() === 0;

/** A temporary folder for each test of the calling file, and the kinds of files that users name; mounts end with the test. */
export function userPlaces() {
  const at = { folder: "" };
  const mounts: string[] = [];
  beforeEach(() => {
    at.folder = mkdtempSync(join(tmpdir(), "localkube-user-"));
  });
  afterEach(() => {
    for (const mount of mounts.splice(0).reverse()) execFileSync("umount", [mount]);
    rmSync(at.folder, { recursive: true, force: true });
  });
  return {
    at,
    path: (name: string) => join(at.folder, name),
    /** Lays one file over another, so that no rename can replace it. */
    mountOver: (file: string, source: string) => {
      execFileSync("mount", ["--bind", source, file]);
      mounts.push(file);
    },
    fifo: (file: string) => void execFileSync("mkfifo", [file]),
    /** A device of our own with the numbers of /dev/null. */
    nullDevice: (file: string) => void execFileSync("mknod", [file, "c", "1", "3"]),
  };
}
