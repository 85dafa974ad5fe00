import type { Progress } from "../../contract/host.ts";
import { type BuildJob, buildFailed, runPhase } from "./build-job.ts";
import { goEnvironment, sourceFolder } from "./unpack-source.ts";
import { type Argv, inRoot } from "./namespace.ts";
import { ownPrograms, recipe } from "./recipe.ts";

const listMs = 300_000;
const compileMs = 5_400_000;
/** Inside the root. */
export const outFolder = "/out";

/**
 * Compiles the programs, static and stripped, into `/out` of the root. One call of Go for all: what they share is compiled once, and a
 * killed run's packages are in Go's cache.
 */
export async function compile(job: BuildJob, programs: readonly string[]): Promise<void> {
  if (programs.length === 0) return;
  const targets = programs.map((name) => `./cmd/${name}`);
  const list = await go(
    job,
    ["list", "-deps", `-tags=${recipe.tags}`, ...targets],
    "Kubernetes packages",
    listMs,
  );
  const total = list.trimEnd().split("\n").length;
  const flags = [`-tags=${recipe.tags}`, `-ldflags=-s -w ${versionFlags()}`];
  const title = programs.length === 1 ? `compiling ${programs[0]}` : `compiling ${programs.length} programs`;
  await go(
    job,
    ["build", "-v", ...flags, "-o", `${outFolder}/`, ...targets],
    title,
    compileMs,
    counter(total),
  );
  await checkVersions(job, programs);
}

/** Compiles the pause container of the same source; `libc` is linked statically, as its image holds nothing else. */
export async function compilePause(job: BuildJob): Promise<void> {
  const { arch, c } = job;
  const compiler = c.host.arch === arch ? "gcc" : recipe.crossCompiler[arch];
  const define = `-DVERSION=v${recipe.pauseVersion}`;
  const flags = ["-Os", "-Wall", "-static", "-s", define];
  const command: Argv = [compiler, ...flags, "-o", `${outFolder}/pause`, "build/pause/linux/pause.c"];
  for (const argv of [["mkdir", "-p", outFolder], command] satisfies Argv[])
    await runPhase(job, {
      title: "compiling pause",
      timeoutMs: listMs,
      argv: inRoot(c.host, job.paths.root, argv, { cwd: sourceFolder }),
    });
}

/** Go links vendored packages under their long names; both hold a copy of the version. */
function versionFlags(): string {
  const [major, minor] = recipe.kubernetesVersion.slice(1).split(".");
  const values = {
    gitVersion: recipe.kubernetesVersion,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    gitCommit: "debian",
    buildDate: recipe.buildDate,
  };
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((name) =>
      Object.entries(values).map(([field, value]) => `-X k8s.io/kubernetes/vendor/${name}.${field}=${value}`),
    )
    .join(" ");
}

/** `go build -v` prints each package as it starts on it, but not those already in the cache. */
function counter(total: number): (line: string) => Progress | undefined {
  let done = 0;
  return (line) => {
    if (!/^[\w.~-]+(?:\/[\w.~-]+)*$/.test(line)) return undefined;
    done++;
    return {
      message: `package ${done} of ${total}`,
      done,
      total,
      unit: "items",
    };
  };
}

/** A binary that reports a version other than the requested one would make every version decision about it wrong. */
async function checkVersions(job: BuildJob, programs: readonly string[]): Promise<void> {
  if (job.c.host.arch !== job.arch) return; // cannot be run here
  for (const name of programs.filter((program) => !(ownPrograms as readonly string[]).includes(program))) {
    const args = name === "kubectl" ? ["version", "--client", "--short"] : ["--version"];
    const argv = inRoot(job.c.host, job.paths.root, [`${outFolder}/${name}`, ...args], { cwd: "/" });
    const { stdout } = await runPhase(job, {
      title: `checking ${name}`,
      argv,
      timeoutMs: 60_000,
    });
    if (stdout.trim().split(" ").at(-1) === recipe.kubernetesVersion) continue;
    const output = `${name} says '${stdout.trim()}', wanted is ${recipe.kubernetesVersion}`;
    throw buildFailed(job, name, output);
  }
}

async function go(
  job: BuildJob,
  args: readonly string[],
  title: string,
  timeoutMs: number,
  progress?: (line: string) => Progress | undefined,
): Promise<string> {
  const where = { cwd: sourceFolder, env: goEnvironment(job.arch) };
  const argv = inRoot(job.c.host, job.paths.root, ["go", ...args], where);
  return (
    await runPhase(job, {
      title,
      argv,
      timeoutMs,
      ...(progress ? { progress } : {}),
    })
  ).stdout;
}
