import { mkdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { giveToHomeOwner } from "../../host/home-owner.ts";
import { notPlainFile } from "../../host/user-file.ts";
import { runAttached } from "../../host/run-attached.ts";
import { opensshArgv, scpArgv, type ScpPath } from "../../machine/ssh/openssh.ts";
import { localSpecialModes, remoteSpecialModes, setLocalModes, setRemoteModes } from "./copy-special-bits.ts";
import type { OpensshAccess } from "../access/open-cluster.ts";

export interface CopyRequest {
  readonly from: ScpPath;
  readonly to: ScpPath;
  /** Let scp show its progress on our terminal. */
  readonly showProgress: boolean;
}

/** A dead connection is detected after this time; a copy that makes progress may take as long as it needs. */
const keepAlive = ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"];

/**
 * Copies a file or a folder with modes (set-ID and sticky bits too) and times between host and machine using scp. Missing parent folders
 * of the target are created; a target that is a folder (or ends with `/`) receives the source inside it. Rejects with
 * COPY_SOURCE_MISSING, COPY_NOT_A_FILE for a pipe or device of this host, or COPY_FAILED with scp's message.
 */
export async function copyOverSsh(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<void> {
  await assertSource(access, request, c);
  const { from, to } = request;
  const landing = await landingPlace(access, request, c);
  if ("local" in to) await assertFileOrFolder(landing);
  const isNew = "local" in to && !(await isThere(landing));
  const made = await makeParent(access, request, c);
  const modes =
    "local" in from ? await localSpecialModes(from.local) : await remoteSpecialModes(access, from.remote, c);
  const [program, ...rest] = scpArgv(access.endpoint, { ...access, ...request, recursive: true });
  const { exitCode, stderr } = await runAttached([program, "-p", ...keepAlive, ...rest], {
    signal: c.signal,
    stdin: "ignore",
    stdout: request.showProgress ? "inherit" : "ignore",
    keepStderr: true,
  });
  c.signal.throwIfAborted();
  if (exitCode !== 0) throw failed(request, stderr);
  const setting = "local" in to ? setLocalModes(landing, modes) : setRemoteModes(access, landing, modes, c);
  await setting.catch((cause: Error) => {
    c.signal.throwIfAborted();
    throw failed(request, cause.message);
  });
  await giveToHomeOwner([...(made === undefined ? [] : [made]), ...(isNew ? [landing] : [])], c.host.env);
}

/** Where the copy of the source itself will be. */
async function landingPlace(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<string> {
  const { from, to } = request;
  const [source, target] = [pathOf(from), pathOf(to)];
  const isFolder =
    target.endsWith("/") ||
    ("local" in to
      ? await stat(target).then(
          (status) => status.isDirectory(),
          () => false,
        )
      : (await inMachine(access, request, ["test", "-d", target], c)) === 0);
  const name = posix.basename(source);
  return isFolder ? (target.startsWith("/") ? posix.join(target, name) : `./${join(target, name)}`) : target;
}

/** scp would set the source's mode on a device, and wait forever on a pipe. */
async function assertFileOrFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  const problem = isFolder ? undefined : await notPlainFile(path);
  if (problem !== undefined) throw new LocalkubeError("COPY_NOT_A_FILE", { path, problem });
}

async function assertSource(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<void> {
  const { from } = request;
  const found =
    "local" in from
      ? await isThere(from.local)
      : (await inMachine(access, request, ["test", "-e", from.remote], c)) === 0;
  if (!found) throw new LocalkubeError("COPY_SOURCE_MISSING", { path: pathOf(from), where: place(from) });
  if ("local" in from) await assertFileOrFolder(from.local);
}

/** Returns the first folder it had to create on this host. */
async function makeParent(
  access: OpensshAccess,
  request: CopyRequest,
  c: RunContext,
): Promise<string | undefined> {
  const { to } = request;
  const path = pathOf(to);
  const parent = path.endsWith("/") ? path : posix.dirname(path);
  if (parent === "." || parent === "/") return undefined;
  if ("local" in to)
    return mkdir(parent, { recursive: true }).catch((cause: Error) => {
      throw failed(request, cause.message);
    });
  if ((await inMachine(access, request, ["mkdir", "-p", "--", parent], c)) !== 0)
    throw failed(request, `mkdir -p ${parent} failed`);
  return undefined;
}

/** Exit code of a small command; when it or ssh fails, the message becomes COPY_FAILED. */
async function inMachine(
  { endpoint, knownHostsFile }: OpensshAccess,
  request: CopyRequest,
  command: readonly string[],
  c: RunContext,
): Promise<number> {
  const argv = opensshArgv(endpoint, { knownHostsFile, command, tty: false });
  const { exitCode, stderr } = await c.host.run(argv, {
    signal: c.signal,
    timeoutMs: 30_000,
    allowFailure: true,
  });
  if (exitCode !== 0 && stderr.trim() !== "") throw failed(request, stderr);
  return exitCode;
}

const pathOf = (path: ScpPath): string => ("local" in path ? path.local : path.remote);
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const place = (path: ScpPath): string => ("local" in path ? "on this host" : "in the machine");

const failed = ({ from, to }: CopyRequest, output: string): LocalkubeError =>
  new LocalkubeError(
    "COPY_FAILED",
    { from: pathOf(from), to: pathOf(to), where: place(to) },
    { output: output.trimEnd() },
  );
