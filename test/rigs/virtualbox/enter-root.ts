import { join } from "node:path";
import { shellQuote } from "../../../src/host/run-command.ts";

/**
 * Argv that runs what follows it inside the root, with the host's devices, processes and the folders of `binds` (which must be in the
 * root) under their own paths. The mounts are seen by that process and its children alone, and go with them.
 */
export function enterRoot(root: string, binds: readonly string[]): readonly [string, ...string[]] {
  const mount = (kind: string, path: string): string =>
    `mount ${kind} ${shellQuote([path])} ${shellQuote([join(root, path)])}`;
  const script = [
    ...binds.map((path) => mount("--bind", path)),
    mount("--rbind", "/dev"),
    mount("--rbind", "/proc"),
    `exec chroot ${shellQuote([root])} "$@"`,
  ].join(" && ");
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"];
}
