import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { debianArchive } from "../../host/mmdebstrap.ts";
import { buildFailure } from "./build-failure.ts";
import { type GuestRecipe, guestFolder, guestRecipe, unitLists } from "./guest-recipe.ts";
import { imageEngine, type ImageEngine } from "./image-builder.ts";

const buildTimeoutMs = 1_200_000;
const shortTimeoutMs = 300_000;
/** An engine that is interrupted in the middle of a change leaves half of it in its store. */
const settleMs = 60_000;

/** What podman's build needs where machines run: no OCI runtime and no cgroups of its own, as crun refuses cgroup v1. */
const buildOptions: Readonly<Record<ImageEngine, readonly string[]>> = {
  podman: ["--isolation=chroot", "--ulimit=nofile=1024:4096", "--network=host"],
  docker: ["--network=host"],
};

/**
 * Builds the root file system into a tar by `templates/guest/Containerfile` with podman or docker. Unlike mmdebstrap's it contains what
 * Debian's image and the engine put there (apt's settings of that image, /.dockerenv). Leaves neither image nor container behind.
 */
export async function containerfileImage(file: string, c: RunContext): Promise<void> {
  const recipe = await guestRecipe();
  const engine = await imageEngine(c.host);
  if (!engine)
    throw new LocalkubeError("IMAGE_TOOL_MISSING", {
      programs: "podman (or docker)",
      packages: "podman",
    });
  const name = `localkube-build-${process.pid}`;
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    c.log(line);
    if (/^(?:STEP|Step) \d+\/\d+/.test(line)) c.report({ message: "installing Debian packages" });
  };
  c.report({ message: `building from ${recipe.baseImage} with ${engine}` });
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"] ?? "";
  try {
    await c.host.run(buildArgv(engine, name, recipe, mirror), {
      signal: c.signal,
      timeoutMs: buildTimeoutMs,
      onLine,
    });
    // docker without its buildx plugin can export too, but it cannot `build --output`.
    const options = { signal: c.signal, timeoutMs: shortTimeoutMs, settleMs };
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

/** The base image stays: it may have been there before us, and the next build needs it. */
async function removeTraces(engine: ImageEngine, name: string, c: RunContext): Promise<void> {
  const options = { timeoutMs: shortTimeoutMs, settleMs, allowFailure: true };
  await c.host.run([engine, "rm", "--force", name], options).catch(() => undefined);
  await c.host.run([engine, "rmi", name], options).catch(() => undefined);
}
