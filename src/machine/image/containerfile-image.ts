import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { debianArchive } from "../../host/mmdebstrap.ts";
import { defaultRuntimeName } from "../../runtimes/registry.ts";
import { buildFailure } from "./build-failure.ts";
import { type GuestRecipe, guestFolder, guestRecipe, unitLists } from "./guest-recipe.ts";
import { imageEngine, type ImageEngine } from "./image-builder.ts";

const buildTimeoutMs = 1_200_000;
const shortTimeoutMs = 300_000;
/** An engine that is interrupted in the middle of a change leaves half of it in its store. */
const settleMs = 60_000;
/** For a build, which takes minutes; what it leaves behind, we remove. */
const cleanUpMs = 10_000;
const prefix = "localkube-build-";

/** What podman's build needs where machines run: no OCI runtime and no cgroups of its own, as crun refuses cgroup v1. */
const buildOptions: Readonly<Record<ImageEngine, readonly string[]>> = {
  podman: ["--isolation=chroot", "--ulimit=nofile=1024:4096", "--network=host"],
  docker: ["--network=host"],
};

/**
 * Builds the root file system into a tar by `templates/guest/Containerfile` with podman or docker. Unlike mmdebstrap's it contains what
 * Debian's image and the engine put there (apt's settings of that image, /.dockerenv). Leaves neither image nor container behind.
 */
export async function containerfileImage(
  file: string,
  c: RunContext,
  runtime = defaultRuntimeName,
): Promise<void> {
  const recipe = await guestRecipe(runtime);
  const engine = await imageEngine(c.host);
  if (!engine)
    throw new LocalkubeError("IMAGE_TOOL_MISSING", {
      programs: "podman (or docker)",
      packages: "podman",
    });
  const name = `${prefix}${process.pid}`;
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    c.log(line);
    if (/^(?:STEP|Step) \d+\/\d+/.test(line)) c.report({ message: "installing Debian packages" });
  };
  c.report({ message: `building from ${recipe.baseImage} with ${engine}` });
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"] ?? "";
  try {
    // Whether a build still runs is told by its process, which another user of a docker daemon may have on another computer.
    if (engine === "podman") await removeTracesOfKilled(engine, c);
    const options = { signal: c.signal, timeoutMs: shortTimeoutMs, settleMs };
    const base = engine === "podman" ? await ownBase(name, recipe.baseImage, c, onLine) : recipe.baseImage;
    await c.host.run(buildArgv(engine, name, { ...recipe, baseImage: base }, mirror), {
      signal: c.signal,
      timeoutMs: buildTimeoutMs,
      cleanUpMs,
      onLine,
    });
    // docker without its buildx plugin can export too, but it cannot `build --output`.
    await c.host.run([engine, "create", "--name", name, name, "/sbin/init"], options);
    c.report({ message: "exporting the root file system" });
    await c.host.run([engine, "export", "--output", file, name], options);
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    const { suite, baseImage } = recipe;
    const place = { suite, baseImage, archive: mirror || debianArchive, tarFolder: dirname(file) };
    throw buildFailure(lines, error, place, c.host);
  } finally {
    await removeTraces(engine, name, c);
  }
}

function buildArgv(
  engine: ImageEngine,
  name: string,
  recipe: GuestRecipe,
  mirror: string,
): [string, ...string[]] {
  const { suite, baseImage, packages } = recipe;
  const values = {
    base_image: baseImage,
    packages: packages.join(" "),
    mirror,
    suite,
    ...unitLists(recipe),
  };
  const folder = guestFolder();
  return [
    engine,
    "build",
    ...buildOptions[engine],
    // Untagged layers would stay behind.
    "--force-rm",
    ...["--tag", name, "--file", `${folder}/Containerfile`],
    ...Object.entries(values).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
    folder,
  ];
}

/**
 * podman that is ended in the middle of a build leaves its working container, mounted, under a name made from the base image's: so the build
 * begins from a name of our own.
 */
async function ownBase(
  name: string,
  baseImage: string,
  c: RunContext,
  onLine: (line: string) => void,
): Promise<string> {
  const options = { signal: c.signal, timeoutMs: shortTimeoutMs, settleMs };
  const found = await c.host.run(["podman", "image", "exists", baseImage], {
    ...options,
    allowFailure: true,
  });
  if (found.exitCode !== 0)
    await c.host.run(["podman", "pull", baseImage], {
      signal: c.signal,
      timeoutMs: buildTimeoutMs,
      cleanUpMs,
      onLine,
    });
  const own = `localhost/${name}-base`;
  await c.host.run(["podman", "tag", baseImage, own], options);
  return own;
}

/** The base image stays, under its own name: it may have been there before us, and the next build needs it. */
async function removeTraces(engine: ImageEngine, name: string, c: RunContext): Promise<void> {
  const options = { timeoutMs: shortTimeoutMs, settleMs, allowFailure: true };
  const remove = async (...args: readonly string[]): Promise<void> => {
    await c.host.run([engine, ...args], options).catch(() => undefined);
  };
  const containers = await namesOf(engine, c);
  for (const container of containers.filter((other) => other.startsWith(`${name}-`)))
    await remove("rm", "--force", container);
  await remove("rm", "--force", name);
  await remove("rmi", name);
  if (engine === "podman") await remove("rmi", `localhost/${name}-base`);
}

/** What builds left that were killed together with their localkube; those of running ones stay. */
async function removeTracesOfKilled(engine: ImageEngine, c: RunContext): Promise<void> {
  const names = [...(await namesOf(engine, c)), ...(await imagesOf(engine, c))];
  const pids = new Set(names.map((name) => Number(/localkube-build-(\d+)/.exec(name)?.[1] ?? Number.NaN)));
  for (const pid of pids) if (pid > 0 && !isRunning(pid)) await removeTraces(engine, `${prefix}${pid}`, c);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Names of all builds' containers; podman's working containers are in its store, but are none of its own. */
const namesOf = (engine: ImageEngine, c: RunContext): Promise<readonly string[]> =>
  linesOf(c, engine, [
    ...["ps", "--all", ...(engine === "podman" ? ["--external"] : [])],
    ...["--filter", `name=${prefix}`, "--format", "{{.Names}}"],
  ]);

const imagesOf = (engine: ImageEngine, c: RunContext): Promise<readonly string[]> =>
  linesOf(c, engine, ["images", "--filter", `reference=*${prefix}*`, "--format", "{{.Repository}}"]);

/** Without the context's signal: after an interruption, too, traces are removed. */
async function linesOf(
  c: RunContext,
  engine: ImageEngine,
  args: readonly string[],
): Promise<readonly string[]> {
  const options = { timeoutMs: shortTimeoutMs, allowFailure: true };
  const result = await c.host.run([engine, ...args], options).catch(() => undefined);
  return result?.stdout.split("\n").filter(Boolean) ?? [];
}
