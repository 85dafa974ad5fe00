import { chmod, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import { opensshArgv } from "../../machine/ssh/openssh.ts";
import type { OpensshAccess } from "../access/open-cluster.ts";

/** A file or folder with set-user-ID, set-group-ID or sticky bit: its whole mode, and its path below what is copied (empty for the root). */
export interface SpecialMode {
  readonly mode: number;
  readonly path: string;
}

const special = 0o7000;
const timeoutMs = 120_000;
/** The depth limit of scp. */
const mostDepth = 64;

/** Those below `root` on this host, following links as scp does. */
export async function localSpecialModes(root: string, path = "", depth = 0): Promise<readonly SpecialMode[]> {
  const at = join(root, path);
  const status = await stat(at).catch(() => undefined); // a broken link is reported by scp
  if (!status) return [];
  const own = status.mode & special ? [{ mode: status.mode & 0o7777, path }] : [];
  if (!status.isDirectory() || depth === mostDepth) return own;
  const names = await readdir(at).catch(() => []);
  const below: SpecialMode[] = [];
  for (const name of names) below.push(...(await localSpecialModes(root, join(path, name), depth + 1)));
  return [...own, ...below];
}

/** Those below `root` in the machine. */
export async function remoteSpecialModes(
  access: OpensshAccess,
  root: string,
  c: RunContext,
): Promise<readonly SpecialMode[]> {
  const command = ["find", "-L", literal(root), "-perm", "/7000", "-printf", "%m\\0%P\\0"];
  // What find cannot read is left out; scp reports it.
  const { stdout } = await c.host.run(argv(access, command), {
    signal: c.signal,
    timeoutMs,
    allowFailure: true,
  });
  const words = stdout.split("\0");
  return words.flatMap((path, index) =>
    index % 2 === 1 ? [{ mode: Number.parseInt(words[index - 1] ?? "", 8), path }] : [],
  );
}

/** Sets the bits, which scp leaves out, on the copies below `root` on this host. */
export async function setLocalModes(root: string, modes: readonly SpecialMode[]): Promise<void> {
  for (const { mode, path } of modes) await chmod(path === "" ? root : join(root, path), mode);
}

/** The same in the machine. */
export async function setRemoteModes(
  access: OpensshAccess,
  root: string,
  modes: readonly SpecialMode[],
  c: RunContext,
): Promise<void> {
  if (modes.length === 0) return;
  const place = (path: string) => (path === "" ? literal(root) : `${literal(root)}/${path}`);
  const stdin = modes.map(({ mode, path }) => `${mode.toString(8)}\0${place(path)}\0`).join("");
  const command = ["xargs", "-0", "-n", "2", "chmod", "--"];
  await c.host.run(argv(access, command), { signal: c.signal, timeoutMs, stdin });
}

/** A relative path may begin like an option. */
const literal = (path: string): string => (path.startsWith("/") ? path : `./${path}`);

const argv = ({ endpoint, knownHostsFile }: OpensshAccess, command: readonly string[]) =>
  opensshArgv(endpoint, { knownHostsFile, command, tty: false });
