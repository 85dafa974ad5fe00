import { access, chmod, constants } from "node:fs/promises";
import { ArtifactStore } from "../../artifacts/artifact-store.ts";
import { debianPaths } from "../../artifacts/debian/paths.ts";
import { recipeKey } from "../../artifacts/debian/recipe.ts";
import { verifiedFiles } from "../../artifacts/debian/verified-files.ts";
import { wantedProgram } from "../../artifacts/program-release.ts";
import { kubernetesRelease } from "../../provision/programs/node-programs.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

type Source = Pick<ClusterRecord, "artifactsSource" | "kubernetesVersion">;

/**
 * The kubectl matching the cluster's version from the cache, verified and executable; undefined when this host cannot run it or the
 * cache does not have it. Does not use the network.
 */
export async function kubectlBinary(record: Source, context: UseCaseContext): Promise<string | undefined> {
  if (context.host.platform !== "linux") return undefined;
  const file =
    record.artifactsSource === "debian"
      ? await debianKubectl(context)
      : await upstreamKubectl(record.kubernetesVersion, context);
  return file !== undefined && (await canRun(file)) ? file : undefined;
}

async function debianKubectl({ host, signal }: UseCaseContext): Promise<string | undefined> {
  const paths = debianPaths(host.cacheDir, await recipeKey(), host.arch);
  return (await verifiedFiles(paths, signal)).get("kubectl")?.file;
}

async function upstreamKubectl(version: string, context: UseCaseContext): Promise<string | undefined> {
  const wanted = wantedProgram(kubernetesRelease("kubectl"), version.slice(1), context.host.arch);
  const store = new ArtifactStore({ kind: "upstream" }, quietly(context));
  const isThere = await store.has(wanted);
  await store.save().catch(() => undefined); // a read-only cache only costs time
  return isThere ? store.path(wanted.identity) : undefined;
}

/** Makes the file executable if necessary: downloaded files are not. */
async function canRun(file: string): Promise<boolean> {
  const executable = () =>
    access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (await executable()) return true;
  await chmod(file, 0o755).catch(() => undefined);
  return executable();
}
