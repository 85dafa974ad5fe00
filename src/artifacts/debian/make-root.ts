import { access, mkdir, rename } from "node:fs/promises";
import { type BuildJob, runPhase } from "./build-job.ts";
import { inNamespaces } from "./namespace.ts";
import { recipe, rootPackages } from "./recipe.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { mmdebstrap, mmdebstrapProgress } from "../../host/mmdebstrap.ts";

const title = "Debian root";
const timeoutMs = 1_800_000;

// Runs with the root's apt configuration on the host, so the source is checked against the same signed index as every package.
const downloadSource = [
  `mkdir -p "$1/src"`,
  `cd "$1/src"`,
  `APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get source --download-only ${recipe.sourcePackage}`,
].join(" && ");

/**
 * Creates the bookworm root with compiler and Kubernetes' source package in `<build>/root`: the one phase that uses the network. A
 * finished root is left as it is; an unfinished one is rebuilt from the start. Rejects with DEBIAN_ARCHIVE_UNREACHABLE or _UNTRUSTED.
 */
export async function makeRoot(job: BuildJob, archive: string): Promise<void> {
  const { c, paths } = job;
  if (await exists(paths.root)) return;
  const part = `${paths.root}.part`;
  await mkdir(paths.build, { recursive: true });
  await removeTree(job, part);
  await runPhase(job, {
    title,
    timeoutMs,
    argv: inNamespaces(
      c.host,
      mmdebstrap({
        // Also without root: inside the user namespace we are root, so both cases are the same.
        mode: "root",
        format: "directory",
        variant: "apt",
        packages: rootPackages(c.host.arch, job.arch),
        options: [`--aptopt=APT::Install-Recommends "false"`, `--customize-hook=${downloadSource}`],
        suite: recipe.suite,
        target: part,
        sources: [`deb ${archive} ${recipe.suite} main`, `deb-src ${archive} ${recipe.suite} main`],
      }),
    ),
    progress: (line) => {
      const message = mmdebstrapProgress(line);
      return message === undefined ? undefined : { message };
    },
    explain: (output, cause) => archiveError(archive, output, cause),
  });
  await rename(part, paths.root);
}

/** Removes a folder of the build; other users' ids of a user namespace own parts of it, so it is done in there. */
export async function removeTree(job: Pick<BuildJob, "c">, folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  const { host, signal } = job.c;
  await host.run(inNamespaces(host, ["rm", "-rf", "--one-file-system", "--", folder]), { signal, timeoutMs });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const untrusted =
  /^[EW]: (.*(?:is not signed|signatures? (?:were|was|couldn)|NO_PUBKEY|BADSIG|EXPKEYSIG|Hash Sum mismatch|unexpected size|not valid yet|Release file .* expired).*)$/im;
const unreachable =
  /^[EW]: (.*(?:Could not resolve|Temporary failure|[Cc]ould not connect|Unable to connect|Connection (?:failed|refused|timed out)|Failed to fetch|does not have a Release file|404 {1,2}Not Found|File not found|certificate|Unable to locate package|Unable to find a source package).*)$/m;

/** What apt's output says about the archive; undefined when the failure was something else. */
export function archiveError(archive: string, output: string, cause?: unknown): LocalkubeError | undefined {
  // The more serious one first: apt also prints "Failed to fetch" for what it does not trust.
  const lied = untrusted.exec(output)?.[1];
  if (lied) return new LocalkubeError("DEBIAN_ARCHIVE_UNTRUSTED", { archive, problem: lied }, { cause });
  const away = unreachable.exec(output)?.[1];
  if (away) return new LocalkubeError("DEBIAN_ARCHIVE_UNREACHABLE", { archive, problem: away }, { cause });
  return undefined;
}
