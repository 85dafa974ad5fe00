import { basename } from "node:path";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { RunContext } from "../contract/host.ts";
import type { RuntimeDefinition } from "../contract/runtime.ts";
import type { Step } from "../contract/step.ts";
import type { Transport } from "../contract/transport.ts";
import { runSteps } from "../pipeline/run-steps.ts";
import { runtimeByName } from "../runtimes/registry.ts";
import { openArchive } from "./images-archive.ts";
import { inspectArchive, type ArchiveFacts } from "./images-inspect.ts";
import { isNamed, nodeImages, type NodeImage } from "./images-node.ts";
import { openCluster, withTransport } from "./open-cluster.ts";
import type { UseCaseContext } from "./use-case.ts";

export interface LoadedArchive {
  readonly file: string;
  readonly kind: ArchiveFacts["kind"];
  /** Under these names pods find what was in it. */
  readonly refs: readonly string[];
}

const importTimeoutMs = 1_800_000;

/**
 * Loads image archives into the node's runtime. All are looked through before the first byte is sent; a name that was there before leads
 * to the new image afterwards. Rejects with IMAGE_FILE_UNREADABLE, IMAGE_FILE_INVALID, IMAGE_NOT_ARRIVED, CLUSTER_UNKNOWN,
 * CLUSTER_NOT_RUNNING.
 */
export async function loadImages(
  name: string,
  files: readonly string[],
  context: UseCaseContext,
): Promise<readonly LoadedArchive[]> {
  const cluster = await openCluster(name, context);
  const runtime = runtimeByName(cluster.record.runtime);
  const facts = new Map<string, ArchiveFacts>();
  for (const file of new Set(files)) facts.set(file, await inspectArchive(file, context.signal));
  return withTransport(cluster, context, async (transport) => {
    const loaded: LoadedArchive[] = [];
    const steps = [...facts].map(([file, archive], index): Step<LoadedArchive[]> => ({
      id: `load-${index + 1}`,
      title: `Loading ${basename(file)}`,
      // One after the other: the runtime unpacks with all processors anyway.
      needs: index === 0 ? [] : [`load-${index}`],
      timeoutMs: importTimeoutMs,
      async apply(done, c) {
        done.push({ file, kind: archive.kind, refs: await load(file, archive, transport, runtime, c) });
      },
    }));
    await runSteps(steps, loaded, { ...context, command: "image load", profile: name });
    return loaded;
  });
}

/** Full references that arrived. */
async function load(
  file: string,
  archive: ArchiveFacts,
  transport: Transport,
  runtime: RuntimeDefinition,
  c: RunContext,
): Promise<readonly string[]> {
  const before = await nodeImages(transport, runtime, c.signal);
  let total = 0;
  const { tar, size } = await openArchive(file, c.signal, (done) =>
    c.report({ done, total, unit: "bytes", ...(done === total ? { message: "unpacking" } : {}) }),
  );
  total = size;
  const { stdout } = await transport.exec(runtime.importImage, {
    stdin: tar,
    signal: c.signal,
    timeoutMs: importTimeoutMs,
  });
  c.log(stdout.trim());
  const after = (await nodeImages(transport, runtime, c.signal)).filter(isNamed);
  const present = new Set(after.map(({ ref }) => ref));
  const missing = archive.refs.filter((ref) => !present.has(ref));
  if (missing.length > 0)
    throw new LocalkubeError("IMAGE_NOT_ARRIVED", { file, refs: missing.join(", "), runtime: runtime.name });
  // Archives without names are known by what is new; the runtime named it.
  return archive.refs.length > 0 ? archive.refs : changed(before, after);
}

function changed(before: readonly NodeImage[], after: readonly NodeImage[]): readonly string[] {
  const old = new Map(before.map(({ ref, digest }) => [ref, digest]));
  return after.filter(({ ref, digest }) => old.get(ref) !== digest).map(({ ref }) => ref);
}
