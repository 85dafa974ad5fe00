import { access, cp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BuildJob, buildFailed, runPhase } from "./build-job.ts";
import { removeTree } from "./make-root.ts";
import { type Argv, inRoot } from "./namespace.ts";
import { type Arch, ownPrograms, ownSource, recipe } from "./recipe.ts";
import { repairSource } from "./repair-source.ts";
import { messageOf } from "../../contract/errors/localkube-error.ts";

/** Kubernetes' source inside the root: below GOPATH, where its vendored libraries are found. */
export const sourceFolder = "/go/src/k8s.io/kubernetes";

/**
 * For every use of Go in the root: nothing is fetched, no C, no paths of the build in the result, and no debug information, which
 * linking would strip anyway. One set of flags for all, so that no package is compiled twice.
 */
export const goEnvironment = (arch: Arch): Readonly<Record<string, string>> => ({
  GOPATH: "/go",
  GOCACHE: "/gocache",
  GO111MODULE: "off",
  GOFLAGS: "-trimpath -gcflags=all=-dwarf=false",
  GOARCH: arch,
  CGO_ENABLED: "0",
});

const title = "Kubernetes source";
const timeoutMs = 600_000;
const upstreamVersion = recipe.kubernetesVersion.slice(1);
const generatedFolder = "pkg/generated/openapi";
const generatedName = "zz_generated.openapi";
const outputBase = "/tmp/openapi";

/**
 * Unpacks the source package (dpkg checks its digests again) with Debian's patches and our repairs, puts our own programs beside it and
 * generates the one Go file that is not in the package, which only Kubernetes itself needs. Each part appears by rename,
 * so a killed run is continued.
 */
export async function unpackSource(
  job: BuildJob,
  { withKubernetes }: { readonly withKubernetes: boolean },
): Promise<void> {
  const source = join(job.paths.root, sourceFolder);
  if (!(await exists(source))) await unpack(job);
  for (const name of ownPrograms) {
    const folder = join(source, "cmd", name);
    await rm(folder, { recursive: true, force: true });
    await cp(ownSource(name), folder, { recursive: true });
  }
  if (withKubernetes && !(await exists(join(source, generatedFolder, `${generatedName}.go`))))
    await generateOpenApi(job, source);
}

async function unpack(job: BuildJob): Promise<void> {
  const { root } = job.paths;
  const description = (await readdir(join(root, "src"))).find((name) => name.endsWith(".dsc")) ?? "";
  // Debian's number is 1.20.5+really1.20.2-…: only the last part counts.
  if (!description.replace(/^.*really|^[^_]*_/, "").startsWith(`${upstreamVersion}-`)) {
    const output = `the archive's source package is ${description}, wanted is Kubernetes ${upstreamVersion}`;
    throw buildFailed(job, title, output);
  }
  const part = `${sourceFolder}.part`;
  await removeTree(job, join(root, part));
  await inside(job, "unpacking", ["mkdir", "-p", dirname(sourceFolder)]);
  await inside(job, "unpacking", ["dpkg-source", "--extract", `/src/${description}`, part]);
  await repairSource(join(root, part)).catch((cause: unknown) => {
    throw buildFailed(job, `${title}: repairing`, messageOf(cause), cause);
  });
  await rename(join(root, part), join(root, sourceFolder));
}

/** What `make generated_files` would do for this file, without the generators whose results the package has already. */
async function generateOpenApi(job: BuildJob, source: string): Promise<void> {
  const tagged = await inside(job, "finding API types", [
    "grep",
    "-Rl",
    "--include=*.go",
    "^// *+k8s:openapi-gen=",
    "vendor/k8s.io",
    "pkg",
    "cmd",
    "plugin",
    "third_party",
  ]);
  const folders = new Set(tagged.split("\n").map((file) => file.replace(/\/[^/]*$/, "")));
  const packages = [...folders]
    .filter(
      (folder) => folder && !/^vendor\/k8s\.io\/(?:code-generator|sample-apiserver)(?:\/|$)/.test(folder),
    )
    .sort()
    .map((folder) => `k8s.io/kubernetes/${folder}`);
  const generator = "./vendor/k8s.io/kube-openapi/cmd/openapi-gen";
  await inside(job, "compiling its OpenAPI generator", ["go", "build", "-o", "/tmp/openapi-gen", generator]);
  await inside(job, "generating the OpenAPI definitions", [
    "/tmp/openapi-gen",
    "--logtostderr",
    `--input-dirs=${packages.join(",")}`,
    `--output-package=k8s.io/kubernetes/${generatedFolder}`,
    `--output-base=${outputBase}`,
    `--output-file-base=${generatedName}`,
    "--go-header-file=hack/boilerplate/boilerplate.generatego.txt",
    "--report-filename=/tmp/openapi-violations",
  ]);
  const made = join(job.paths.root, outputBase, "k8s.io/kubernetes", generatedFolder, `${generatedName}.go`);
  await rename(made, join(source, generatedFolder, `${generatedName}.go`));
}

async function inside(job: BuildJob, what: string, command: Argv): Promise<string> {
  const inSource = command[0] !== "mkdir" && command[0] !== "dpkg-source";
  const cwd = inSource ? sourceFolder : "/";
  // GOROOT: a tool built with -trimpath does not know where the standard library's source is.
  const env = { ...goEnvironment(job.c.host.arch), GOROOT: "/usr/lib/go" };
  const argv = inRoot(job.c.host, job.paths.root, command, { cwd, env });
  return (await runPhase(job, { title: `${title}: ${what}`, argv, timeoutMs })).stdout;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
