import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { type ApiClient, type KubeObject } from "./api-client.ts";

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

const fieldManager = "localkube";

/**
 * Server-side apply (beta and on from 1.16, so in every version we know) of objects in the given order. Idempotent: an object that is
 * as desired is not written by the server. Says whether any was not there or is another now. Rejects with API_REFUSED.
 */
export async function applyObjects(
  api: ApiClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<boolean> {
  let changed = false;
  const discovery = new Map<string, Promise<ResourceList>>();
  for (const object of objects) {
    const path = await objectPath(api, object, discovery, signal);
    const before = await api.get(path, { signal });
    const { status, body } = await api.send(`${path}?fieldManager=${fieldManager}&force=true`, {
      method: "PATCH",
      // JSON is YAML: the server takes it under this type.
      contentType: "application/apply-patch+yaml",
      body: JSON.stringify(object),
      timeoutMs: 30_000,
      signal,
    });
    if (status >= 300) throw api.refused("PATCH", path, status, body);
    changed ||= before === undefined || content(before) !== content(JSON.parse(body) as KubeObject);
  }
  return changed;
}

/** The content of an object, without what the server and its controllers keep about it. */
function content(object: KubeObject): string {
  const kept = ["managedFields", "resourceVersion", "generation", "status"];
  return JSON.stringify(object, (key, value: unknown) => (kept.includes(key) ? undefined : value));
}

async function objectPath(
  api: ApiClient,
  { apiVersion, kind, metadata }: KubeObject,
  discovery: Map<string, Promise<ResourceList>>,
  signal: AbortSignal,
): Promise<string> {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  let list = discovery.get(root);
  if (!list) {
    list = api.get<ResourceList>(root, { signal }).then((found) => found ?? { resources: [] });
    discovery.set(root, list);
  }
  const resource = (await list).resources.find((r) => r.kind === kind && !r.name.includes("/"));
  if (!resource) throw new LocalkubeError("API_KIND_UNKNOWN", { apiVersion, kind, name: metadata.name });
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
  return `${root}${scope}/${resource.name}/${metadata.name}`;
}
