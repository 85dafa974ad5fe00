import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Runtime, RuntimeDefinition, ServerAsFound } from "../../contract/runtime.ts";

/**
 * The name under which a cluster's record has a CRI server that the machine had already: the address of its socket, and of that for images if it is
 * another one, with a space between them.
 */
export const foreignName = (criSocket: string, imageSocket: string): string =>
  imageSocket === "" || imageSocket === criSocket ? criSocket : `${criSocket} ${imageSocket}`;

/** Whether a runtime of that name is a CRI server that the machine had already. */
export const isForeign = (name: string): boolean => name.startsWith("unix://");

/**
 * The runtime of a name that `foreignName` made: whatever it is, for every minor. It has no program, unit or file of ours, and leaves nothing on a
 * node.
 */
export function foreignRuntime(name: string): RuntimeDefinition {
  const [endpoint = "", imageEndpoint] = name.split(" ");
  const runtime: Runtime = {
    name,
    endpoint,
    ...(imageEndpoint === undefined ? {} : { imageEndpoint }),
    foreign: true,
    units: [],
    programs: [],
    // The sandbox's is a setting of the server's own.
    images: [],
    kubelet: { config: keepsForeignImages },
    takesHandlers: false,
    files: () => [],
    registryFiles: () => [],
    refusedRegistry: ([first]) =>
      first && { name: first.name, problem: "localkube does not change its configuration" },
    settings: { ask: ["true"], lost: () => [] },
    keepsUsedImages: false,
  };
  return {
    name,
    aliases: [],
    programs: [],
    unitNames: [],
    at: () => runtime,
    footprint: {
      files: [],
      trees: [],
      runTrees: [],
      // It is told nothing of registries.
      registryFolder: "",
      sharedFolders: [],
      shims: [],
    },
  };
}

/** The kubelet frees a full disk by removing every image that no pod of its own uses, whoever loaded it. */
const keepsForeignImages = {
  imageGCHighThresholdPercent: 100,
  evictionHard: { "memory.available": "100Mi" },
};

/** A runtime that images can be loaded into. */
export type Importing = Runtime & Required<Pick<Runtime, "imageImport">>;

/**
 * The runtime with what is known of the server that calls itself `server`, if it is a foreign one. `known`: of all runtimes. Rejects with
 * CRI_IMPORT_UNKNOWN where nothing is known that reads image archives. Pure.
 */
export function importing(
  runtime: Runtime,
  server: string,
  known: readonly Pick<RuntimeDefinition, "found">[],
): Importing {
  const { imageImport } = runtime;
  if (imageImport) return { ...runtime, imageImport };
  const found = foundServer(server, known);
  if (!found) throw new LocalkubeError("CRI_IMPORT_UNKNOWN", { runtime: server });
  const { keepsUsedImages } = found;
  return { ...runtime, imageImport: found.imageImport(runtime.endpoint), keepsUsedImages };
}

/** What is known of a server by what it calls itself. Pure. */
export const foundServer = (
  server: string,
  known: readonly Pick<RuntimeDefinition, "found">[],
): ServerAsFound | undefined =>
  known.flatMap(({ found }) => found ?? []).find(({ calledBy }) => calledBy === server);
