import type { ApiClient, ApiRequest, KubeObject } from "../../../src/kube/api-client.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";

const resources: Readonly<
  Record<string, readonly (readonly [name: string, kind: string, namespaced: boolean])[]>
> = {
  "/api/v1": [
    ["namespaces", "Namespace", false],
    ["configmaps", "ConfigMap", true],
    ["secrets", "Secret", true],
    ["services", "Service", true],
    ["serviceaccounts", "ServiceAccount", true],
    ["pods", "Pod", true],
    ["persistentvolumeclaims", "PersistentVolumeClaim", true],
  ],
  "/apis/apps/v1": [["deployments", "Deployment", true]],
  "/apis/apiextensions.k8s.io/v1": [["customresourcedefinitions", "CustomResourceDefinition", false]],
  "/apis/web.example/v1": [["pages", "Page", true]],
};

/** An API server in memory: discovery, server-side apply as a whole, removal with a uid as precondition. */
export class MemoryApi {
  readonly stored = new Map<string, KubeObject>();
  /** `METHOD path` of what changed something, in order. */
  readonly log: string[] = [];
  /** Called before each change; may throw. */
  before: (method: string, path: string) => void = () => undefined;
  /** Called after each object that was stored, with its path. */
  after: (path: string) => unknown = () => undefined;
  /** Objects need their namespace to be there. */
  strict = false;
  #uids = 0;

  get client(): ApiClient {
    return this as unknown as ApiClient;
  }

  get(path: string): Promise<unknown> {
    const list = resources[path];
    // The kinds of a definition are served once it is there.
    if (list && (path !== "/apis/web.example/v1" || this.has("customresourcedefinitions/pages.web.example")))
      return Promise.resolve({
        resources: list.map(([name, kind, namespaced]) => ({
          ...{ name, kind, namespaced },
          verbs: ["list", "delete"],
        })),
      });
    if (path === "/apis") {
      const versions = Object.keys(resources).filter((one) => one.startsWith("/apis/"));
      const groups = versions.map((one) => ({
        preferredVersion: { groupVersion: one.slice("/apis/".length) },
      }));
      return Promise.resolve({ groups });
    }
    const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
    if (group !== undefined) return Promise.resolve({ preferredVersion: { groupVersion: `${group}/v1` } });
    return Promise.resolve(this.stored.get(path) ?? this.#list(path));
  }

  /** Of a kind, in one namespace or in all. */
  #list(path: string): { items: KubeObject[] } | undefined {
    const plural = path.split("/").at(-1);
    const root = Object.keys(resources).find((one) => path.startsWith(`${one}/`));
    if (!resources[root ?? ""]?.some(([name]) => name === plural)) return undefined;
    const items = [...this.stored].filter(
      ([place]) =>
        place.startsWith(`${root}/`) &&
        place.split("/").at(-2) === plural &&
        (path === `${root}/${plural}` || place.startsWith(`${path}/`)),
    );
    return { items: items.map(([, object]) => object) };
  }

  has(ending: string): boolean {
    return [...this.stored.keys()].some((path) => path.endsWith(ending));
  }

  send(path: string, { method = "GET", body = "{}" }: ApiRequest): Promise<{ status: number; body: string }> {
    const [place = "", query = ""] = path.split("?");
    this.before(method, place);
    const found = this.stored.get(place);
    if (method === "DELETE") {
      if (!found) return answer(404, {});
      const { preconditions } = JSON.parse(body) as { preconditions: { uid: string } };
      if (preconditions.uid !== found.metadata["uid"]) return answer(409, {});
      this.log.push(`DELETE ${place}`);
      if (!((found.metadata["finalizers"] ?? []) as readonly string[]).length) this.stored.delete(place);
      return answer(200, {});
    }
    return this.#apply(place, query, JSON.parse(body) as KubeObject);
  }

  #apply(place: string, query: string, wanted: KubeObject): Promise<{ status: number; body: string }> {
    const found = this.stored.get(place);
    const namespace = /\/namespaces\/([^/]+)\/[^/]+\/[^/]+$/.exec(place)?.[1];
    const uid = found?.metadata["uid"] ?? `uid-${++this.#uids}`;
    const metadata = { ...wanted.metadata, uid, ...(namespace === undefined ? {} : { namespace }) };
    const status =
      wanted.kind === "CustomResourceDefinition"
        ? { conditions: [{ type: "Established", status: "True" }] }
        : {};
    const object = { ...wanted, metadata, status };
    const home = `/api/v1/namespaces/${namespace}`;
    if (namespace !== undefined && this.strict && !this.stored.has(home))
      return answer(404, { message: home });
    if (query.includes("dryRun=All")) return answer(200, object);
    this.log.push(`PATCH ${place}`);
    this.stored.set(place, object);
    this.after(place);
    return answer(200, object);
  }

  refused(method: string, path: string, status: number, body: string): LocalkubeError {
    return new LocalkubeError("API_REFUSED", { method, path, status }, { output: body });
  }
}

const answer = (status: number, body: object) => Promise.resolve({ status, body: JSON.stringify(body) });
