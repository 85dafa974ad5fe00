import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { ApiClient, KubeObject } from "./api-client.ts";
import { appliedPart } from "./applied-part.ts";

/** An object of any kind, whatever version its group is served in. */
export interface ObjectId {
  /** Empty for the core. */
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface Applied {
  /** As the server has it now. */
  readonly object: KubeObject;
  /** It was not there, or is another now. */
  readonly changed: boolean;
}

/** A request that makes the server have an object. */
interface Change {
  readonly method: "PATCH" | "POST";
  readonly path: string;
  readonly contentType: string;
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs?: readonly string[];
  }[];
}

interface ObjectList {
  readonly items: readonly KubeObject[];
}

/** Objects of any kind by the API's own discovery. What was discovered is kept until `forget`. */
export class Objects {
  readonly #api: ApiClient;
  readonly #fieldManager: string;
  readonly #lists = new Map<string, Promise<ResourceList | undefined>>();

  constructor(api: ApiClient, fieldManager = "localkube") {
    this.#api = api;
    this.#fieldManager = fieldManager;
  }

  /** Kinds may have come or gone: asks again from now on. */
  forget(): void {
    this.#lists.clear();
  }

  /**
   * Server-side apply (beta and on from 1.16, so in every version we know); APIServices are created or merged instead, because the part of 1.20 that serves
   * them ends the connection when it is asked to apply one. Idempotent: an object that is as desired is not written by the server.
   * With `dryRun` the server says what would be, and nothing is. Rejects with API_KIND_UNKNOWN or API_REFUSED.
   */
  async apply(
    object: KubeObject,
    signal: AbortSignal,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<Applied> {
    const { apiVersion, kind, metadata } = object;
    const path = await this.#path(apiVersion, { kind, ...metadata }, signal);
    if (path === undefined)
      throw new LocalkubeError("API_KIND_UNKNOWN", { apiVersion, kind, name: metadata.name });
    const before = await this.#api.get(path, { signal });
    const how = this.#request(object, path, before !== undefined);
    const dry = `${how.path.includes("?") ? "&" : "?"}dryRun=All`;
    const { status, body } = await this.#api.send(`${how.path}${dryRun ? dry : ""}`, {
      method: how.method,
      contentType: how.contentType,
      body: JSON.stringify(object),
      timeoutMs: 30_000,
      signal,
    });
    if (status >= 300) throw this.#api.refused(how.method, path, status, body);
    const after = JSON.parse(body) as KubeObject;
    return { object: after, changed: before === undefined || content(before) !== content(after) };
  }

  #request({ apiVersion }: KubeObject, path: string, exists: boolean): Change {
    if (apiVersion.split("/")[0] === "apiregistration.k8s.io")
      return exists
        ? { method: "PATCH", path, contentType: "application/merge-patch+json" }
        : { method: "POST", path: path.slice(0, path.lastIndexOf("/")), contentType: "application/json" };
    return {
      method: "PATCH",
      path: `${path}?fieldManager=${this.#fieldManager}&force=true`,
      // JSON is YAML: the server takes it under this type.
      contentType: "application/apply-patch+yaml",
    };
  }

  /** What was applied of an object as `find` gives it, so that it can be applied again as it was; see `appliedPart`. Pure. */
  appliedPart(found: KubeObject): KubeObject {
    return appliedPart(found, this.#fieldManager);
  }

  /** Undefined when it is not there, or the server has no such kind (any more). Rejects with API_REFUSED. */
  async find(id: ObjectId, signal: AbortSignal): Promise<KubeObject | undefined> {
    const path = await this.#pathOf(id, signal);
    return path === undefined ? undefined : this.#api.get(path, { signal });
  }

  /**
   * Asks for the removal of the object with that uid, and of what it owns; one that has another uid is not touched. Fine when there is none. Resolves
   * when the server has taken it, which may be before the object is gone. Rejects with API_REFUSED.
   */
  async remove(id: ObjectId, uid: string, signal: AbortSignal): Promise<void> {
    const path = await this.#pathOf(id, signal);
    if (path === undefined) return;
    const { status, body } = await this.#api.send(path, {
      method: "DELETE",
      body: JSON.stringify({
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid },
        propagationPolicy: "Foreground",
      }),
      signal,
    });
    // 409: the precondition does not hold, so it is another object.
    if (status >= 300 && status !== 404 && status !== 409)
      throw this.#api.refused("DELETE", path, status, body);
  }

  /**
   * Everything in a namespace that can be listed and removed, of all kinds, each with `apiVersion` and `kind`. What an aggregated API has, whose server does not answer now, is not among it. Rejects
   * with API_REFUSED.
   */
  async inNamespace(namespace: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const groups = await this.#api.get<{
      readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
    }>("/apis", { signal });
    const versions = ["v1", ...(groups?.groups ?? []).map((one) => one.preferredVersion.groupVersion)];
    const found: KubeObject[] = [];
    for (const apiVersion of versions) {
      const root = rootOf(apiVersion);
      const served = await this.#ifServed(apiVersion, this.#list(root, signal), signal);
      for (const { name, kind, namespaced, verbs = [] } of served?.resources ?? []) {
        if (!namespaced || !verbs.includes("list") || !verbs.includes("delete")) continue;
        const path = `${root}/namespaces/${namespace}/${name}`;
        const list = await this.#ifServed(apiVersion, this.#api.get<ObjectList>(path, { signal }), signal);
        found.push(...(list?.items ?? []).map((item) => ({ ...item, apiVersion, kind })));
      }
    }
    return found;
  }

  /** An aggregated API is not served while its own server is away: undefined then. Of all others that is no answer. */
  async #ifServed<T>(
    apiVersion: string,
    answer: Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      const isUnavailable =
        error instanceof LocalkubeError && error.id === "API_REFUSED" && error.params["status"] === 503;
      const [version, group] = apiVersion.split("/").reverse();
      if (!isUnavailable || group === undefined) throw error;
      const path = `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}`;
      const service = await this.#api.get<{ readonly spec?: { readonly service?: object | null } }>(path, {
        signal,
      });
      if (!service?.spec?.service) throw error;
      return undefined;
    }
  }

  /** All objects of a kind that a CustomResourceDefinition defines; none when it is not served. Rejects with API_REFUSED. */
  async ofDefinition(definition: KubeObject, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const { group, names, versions } = definition["spec"] as {
      readonly group: string;
      readonly names: { readonly plural: string };
      readonly versions: readonly { readonly name: string; readonly served: boolean }[];
    };
    const version = versions.find(({ served }) => served);
    if (!version) return [];
    const list = await this.#api.get<ObjectList>(`/apis/${group}/${version.name}/${names.plural}`, {
      signal,
    });
    return list?.items ?? [];
  }

  /** In the version that the server prefers. */
  async #pathOf({ group, ...id }: ObjectId, signal: AbortSignal): Promise<string | undefined> {
    if (group === "") return this.#path("v1", id, signal);
    const found = await this.#api.get<{ readonly preferredVersion: { readonly groupVersion: string } }>(
      `/apis/${group}`,
      { signal },
    );
    return found && this.#path(found.preferredVersion.groupVersion, id, signal);
  }

  async #path(
    apiVersion: string,
    { kind, namespace = "default", name }: Omit<ObjectId, "group">,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const root = rootOf(apiVersion);
    const list = await this.#list(root, signal);
    const resource = list?.resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (!resource) return undefined;
    return `${root}${resource.namespaced ? `/namespaces/${namespace}` : ""}/${resource.name}/${name}`;
  }

  #list(root: string, signal: AbortSignal): Promise<ResourceList | undefined> {
    let list = this.#lists.get(root);
    if (!list) {
      list = this.#api.get<ResourceList>(root, { signal });
      this.#lists.set(root, list);
    }
    return list;
  }
}

const rootOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** The content of an object, without what the server and its controllers keep about it. */
function content(object: KubeObject): string {
  const kept = ["managedFields", "resourceVersion", "generation", "status"];
  return JSON.stringify(object, (key, value: unknown) => (kept.includes(key) ? undefined : value));
}

/** Applies objects in the given order. Says whether any was not there or is another now. Idempotent. Rejects as `Objects.apply` does. */
export async function applyObjects(
  api: ApiClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<boolean> {
  const all = new Objects(api);
  let changed = false;
  for (const object of objects) changed = (await all.apply(object, signal)).changed || changed;
  return changed;
}
