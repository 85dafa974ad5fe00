import { basename } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { type Job, runJobs } from "../../pipeline/run-jobs.ts";
import { idsOf } from "../../provision/node/load-images.ts";
import { imageIds, withCri } from "../../runtimes/cri/images.ts";
import type { NamedArchive } from "../../artifacts/image/archive-registry.ts";
import { noteOwnImages } from "../../runtimes/foreign/give-back.ts";
import { type Importing, importing } from "../../runtimes/foreign/index.ts";
import { runtimes } from "../../runtimes/registry.ts";
import { openArchive } from "../../artifacts/image/read-archive.ts";
import { inspectArchive, type ArchiveFacts } from "../../artifacts/image/inspect-archive.ts";
import { settleNames } from "../../artifacts/image/naming.ts";
import { renamedArchive } from "../../artifacts/image/renamed-archive.ts";
import {
  type NodeChoice,
  nodeOf,
  openCluster,
  runningMachine,
  runtimeOf,
  withTransport,
} from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { pullArchives } from "./pull-archives.ts";

export interface LoadedArchive {
  readonly file: string;
  readonly kind: ArchiveFacts["kind"];
  /** The names under which pods find the images of the archive. */
  readonly refs: readonly string[];
}

const importTimeoutMs = 1_800_000;

/**
 * Loads image archives into the runtime of one node, or of all nodes if none is named, under the full forms of the names they contain, or under `imageName`, which only a
 * single image may get. All archives are inspected before the first byte is sent; a name that existed before then refers to the new
 * image. Returns only what was found in the runtime the way pods look it up. May be repeated. Rejects with IMAGE_FILE_UNREADABLE,
 * IMAGE_FILE_INVALID, IMAGE_NAME_MISSING, IMAGE_NAME_INVALID, IMAGE_NAME_AMBIGUOUS, IMAGE_NOT_ARRIVED, CRI_IMPORT_UNKNOWN, CLUSTER_UNKNOWN, NODE_UNKNOWN, CLUSTER_NOT_RUNNING.
 */
export async function loadImages(
  { name, node: wanted }: NodeChoice,
  files: readonly string[],
  imageName: string | undefined,
  context: UseCaseContext,
): Promise<readonly LoadedArchive[]> {
  const cluster = await openCluster(name, context);
  const runtime = runtimeOf(cluster.record);
  const nodes = wanted === undefined ? cluster.nodes : [nodeOf(cluster, wanted)];
  const distinct = [...new Set(files)];
  if (imageName !== undefined && distinct.length > 1)
    throw new LocalkubeError("IMAGE_NAME_AMBIGUOUS", {
      name: imageName,
      where: `those in ${distinct.join(", ")}`,
    });
  const archives: NamedArchive[] = [];
  for (const file of distinct) {
    const facts = await inspectArchive(file, context.signal);
    archives.push({ file, facts, names: settleNames(file, facts, imageName) });
  }
  // An image that only some nodes have is worse than none: pods would start or not, depending on where they are placed.
  for (const node of nodes) await runningMachine(node, context);
  const loaded = new Map<string, LoadedArchive>();
  const jobs: Job[] = [];
  for (const [place, node] of nodes.entries())
    for (const [index, archive] of archives.entries()) {
      const { file, facts } = archive;
      jobs.push({
        id: place === 0 ? `load-${index + 1}` : `load-${index + 1}@${node.name}`,
        title: nodes.length > 1 ? `Loading ${basename(file)} into ${node.name}` : `Loading ${basename(file)}`,
        // One after the other: the runtime unpacks on all CPUs anyway.
        after: jobs.length === 0 ? [] : [jobs.at(-1)!.id],
        timeoutMs: importTimeoutMs,
        apply: (c) =>
          withTransport(node, context, async (transport) => {
            loaded.set(file, {
              file,
              kind: facts.kind,
              refs: await loadArchive(archive, transport, runtime, c),
            });
          }),
      });
    }
  await runJobs(jobs, { ...context, command: "image load", profile: name });
  return [...loaded.values()];
}

/** Loads one archive into one node; resolves with the full references of the images that arrived. Rejects with IMAGE_NOT_ARRIVED or CRI_IMPORT_UNKNOWN. */
export async function loadArchive(
  { file, facts, names }: NamedArchive,
  transport: Transport,
  runtime: Runtime,
  c: RunContext,
): Promise<readonly string[]> {
  const refs = [...new Set([...names.values()].flat())];
  const { imageImport } = await importingInto(transport, runtime, refs, c.signal);
  if (imageImport.by === "pull")
    await withCri(transport, runtime, c, (cri) =>
      pullArchives([{ file, facts, names }], {
        ...{ transport, cri, runtime: { name: runtime.name, imageImport } },
        ...{ signal: c.signal, report: c.report },
      }),
    );
  else {
    const { argv, form } = imageImport;
    let total = 0;
    const { tar, size } = await openArchive(file, c.signal, (done) =>
      c.report({ done, total, unit: "bytes", ...(done === total ? { message: "unpacking" } : {}) }),
    );
    total = size;
    const { stdout } = await transport.exec(argv, {
      stdin: await renamedArchive(tar, facts, names, { form, arch: c.host.arch }),
      signal: c.signal,
      timeoutMs: importTimeoutMs,
    });
    c.log(stdout.trim());
  }
  const missing = await notArrived(refs, transport, runtime, c.signal);
  if (missing.length > 0)
    throw new LocalkubeError("IMAGE_NOT_ARRIVED", { file, refs: missing.join(", "), runtime: runtime.name });
  return refs;
}

/** Of a foreign server it is asked what it is, and noted which of the images are not its own. Rejects with CRI_IMPORT_UNKNOWN. */
async function importingInto(
  transport: Transport,
  runtime: Runtime,
  refs: readonly string[],
  signal: AbortSignal,
): Promise<Importing> {
  if (!runtime.foreign) return importing(runtime, "", runtimes);
  return withCri(transport, runtime, { signal }, async (cri) => {
    const found = importing(runtime, cri.runtime.name, runtimes);
    await noteOwnImages(cri, transport, refs, signal);
    return found;
  });
}

/** Those of `refs` that pods cannot use. */
const notArrived = (
  refs: readonly string[],
  transport: Transport,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly string[]> =>
  withCri(transport, runtime, { signal }, async (cri) => {
    const ids = await idsOf(refs, () => imageIds(cri, { signal }), signal);
    return refs.filter((ref) => !ids.has(ref));
  });
