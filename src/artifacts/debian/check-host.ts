import { access, mkdir, statfs } from "node:fs/promises";
import { userInfo } from "node:os";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { inNamespaces } from "./namespace.ts";
import type { DebianPaths } from "./paths.ts";

const probeMs = 10_000;
const gib = 2 ** 30;
/** Measured: 3.2 GiB at the peak, 0.3 GiB of which stay; the rest is a margin for whatever else uses that disk. */
const neededBytes = 4 * gib;

/** mmdebstrap depends on apt; setpriv, unshare and chroot are on every Linux. */
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Rejects before anything is created when the build could not succeed here: DEBIAN_TOOL_MISSING, DEBIAN_BUILD_NO_RIGHTS,
 * DEBIAN_BUILD_NO_SPACE.
 */
export async function checkHost(paths: DebianPaths, c: RunContext): Promise<void> {
  await checkTools(c);
  await checkRights(c);
  await checkSpace(paths, c);
}

async function checkTools(c: RunContext): Promise<void> {
  const missing: string[] = [];
  if (!(await answers("mmdebstrap", c))) missing.push("mmdebstrap");
  await access(keyring).catch(() => missing.push("debian-archive-keyring"));
  if (!c.host.isRoot && !(await answers("newuidmap", c))) missing.push("uidmap");
  if (missing.length > 0)
    throw new LocalkubeError("DEBIAN_TOOL_MISSING", {
      packages: missing.join(" "),
    });
}

async function answers(program: string, c: RunContext): Promise<boolean> {
  try {
    await c.host.run([program, "--version"], {
      signal: c.signal,
      timeoutMs: probeMs,
      allowFailure: true,
    });
    return true;
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "HOST_COMMAND_NOT_FOUND") return false;
    throw error;
  }
}

async function checkRights(c: RunContext): Promise<void> {
  try {
    await c.host.run(inNamespaces(c.host, ["true"]), {
      signal: c.signal,
      timeoutMs: probeMs,
    });
  } catch (cause) {
    c.signal.throwIfAborted();
    const problem = lastLine(
      cause instanceof LocalkubeError ? (cause.output ?? cause.message) : String(cause),
    );
    const ids = "100000-165535";
    const fix = c.host.isRoot
      ? "Run localkube where root may make mount namespaces (a container needs CAP_SYS_ADMIN)"
      : `sudo usermod --add-subuids ${ids} --add-subgids ${ids} ${userInfo().username}`;
    throw new LocalkubeError("DEBIAN_BUILD_NO_RIGHTS", { problem, fix }, { cause });
  }
}

async function checkSpace(paths: DebianPaths, c: RunContext): Promise<void> {
  const unfinished = await access(paths.root).then(
    () => true,
    () => false,
  );
  if (unfinished) return; // most of it is written already
  await mkdir(paths.build, { recursive: true });
  const { bavail, bsize } = await statfs(paths.build);
  if (bavail * bsize >= neededBytes) return;
  const free = ((bavail * bsize) / gib).toFixed(1);
  throw new LocalkubeError("DEBIAN_BUILD_NO_SPACE", {
    folder: c.host.cacheDir,
    free,
    needed: neededBytes / gib,
  });
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";
