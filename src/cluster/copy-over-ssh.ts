import { mkdir, stat } from "node:fs/promises";
import { posix } from "node:path";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { RunContext } from "../contract/host.ts";
import { runAttached } from "../host/run-attached.ts";
import { opensshArgv, scpArgv, type ScpPath } from "../machine/ssh/openssh.ts";
import type { OpensshAccess } from "./openssh-access.ts";

export interface CopyRequest {
  readonly from: ScpPath;
  readonly to: ScpPath;
  /** Let scp draw its progress on our terminal. */
  readonly showProgress: boolean;
}

/** A dead connection is noticed after this; a copy that goes on may take as long as it needs. */
const keepAlive = ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"];

/**
 * Copies a file or a folder with modes and times between host and machine by scp. The target's missing parents are made; a target that is
 * a folder (or ends with `/`) takes the source into it. Rejects with COPY_SOURCE_MISSING or COPY_FAILED with scp's words.
 */
export async function copyOverSsh(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<void> {
  await assertSource(access, request, c);
  await makeParent(access, request, c);
  const [program, ...rest] = scpArgv(access.endpoint, { ...access, ...request, recursive: true });
  const { exitCode, stderr } = await runAttached([program, "-p", ...keepAlive, ...rest], {
    signal: c.signal,
    stdin: "ignore",
    stdout: request.showProgress ? "inherit" : "ignore",
    keepStderr: true,
  });
  c.signal.throwIfAborted();
  if (exitCode !== 0) throw failed(request, stderr);
}

async function assertSource(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<void> {
  const { from } = request;
  const isThere =
    "local" in from
      ? await stat(from.local).then(
          () => true,
          () => false,
        )
      : (await inMachine(access, request, ["test", "-e", from.remote], c)) === 0;
  if (!isThere) throw new LocalkubeError("COPY_SOURCE_MISSING", { path: show(from), where: place(from) });
}

async function makeParent(access: OpensshAccess, request: CopyRequest, c: RunContext): Promise<void> {
  const { to } = request;
  const path = "local" in to ? to.local : to.remote;
  const parent = path.endsWith("/") ? path : posix.dirname(path);
  if (parent === "." || parent === "/") return;
  if ("local" in to) {
    await mkdir(parent, { recursive: true }).catch((cause: Error) => {
      throw failed(request, cause.message);
    });
  } else if ((await inMachine(access, request, ["mkdir", "-p", "--", parent], c)) !== 0)
    throw failed(request, `mkdir -p ${parent} failed`);
}

/** Exit code of a small command; what it or ssh says on a failure of its own becomes COPY_FAILED. */
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

const show = (path: ScpPath): string => ("local" in path ? path.local : path.remote);
const place = (path: ScpPath): string => ("local" in path ? "on this host" : "in the machine");

const failed = ({ from, to }: CopyRequest, output: string): LocalkubeError =>
  new LocalkubeError(
    "COPY_FAILED",
    { from: show(from), to: show(to), where: place(to) },
    { output: output.trimEnd() },
  );
