import { access, mkdir, statfs } from "node:fs/promises";
import { userInfo } from "node:os";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { inNamespaces } from "./namespace.ts";
import type { BuildProduct } from "./build-job.ts";

const probeMs = 10_000;
const gib = 2 ** 30;

/** mmdebstrap depends on apt; setpriv, unshare and chroot are on every Linux. */
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** A build that has not begun. */
export interface PlannedBuild {
  readonly product: BuildProduct;
  /** Its folder in the cache. */
  readonly folder: string;
  /** When this is there, an earlier run has written most of it already. */
  readonly root: string;
  readonly neededGiB: number;
}

/**
 * Rejects before anything is created when the build could not succeed here: DEBIAN_TOOL_MISSING, DEBIAN_BUILD_NO_RIGHTS,
 * DEBIAN_BUILD_NO_SPACE.
 */
export async function checkHost(build: PlannedBuild, c: RunContext): Promise<void> {
  await checkTools(build, c);
  await checkRights(build, c);
  await checkSpace(build, c);
}

async function checkTools({ product }: PlannedBuild, c: RunContext): Promise<void> {
  const missing: string[] = [];
  if (!(await answers("mmdebstrap", c))) missing.push("mmdebstrap");
  await access(keyring).catch(() => missing.push("debian-archive-keyring"));
  if (!c.host.isRoot && !(await answers("newuidmap", c))) missing.push("uidmap");
  if (missing.length > 0)
    throw new LocalkubeError("DEBIAN_TOOL_MISSING", {
      ...product,
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

async function checkRights({ product }: PlannedBuild, c: RunContext): Promise<void> {
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
    throw new LocalkubeError("DEBIAN_BUILD_NO_RIGHTS", { ...product, problem, fix }, { cause });
  }
}

async function checkSpace({ product, folder, root, neededGiB }: PlannedBuild, c: RunContext): Promise<void> {
  const unfinished = await access(root).then(
    () => true,
    () => false,
  );
  if (unfinished) return;
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededGiB * gib) return;
  const free = ((bavail * bsize) / gib).toFixed(1);
  const inCache = { folder: c.host.cacheDir, free, needed: neededGiB };
  throw new LocalkubeError("DEBIAN_BUILD_NO_SPACE", { ...product, ...inCache });
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";
