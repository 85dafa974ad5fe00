import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Pem } from "../../../src/provision/pki/authority.ts";

/** An object of any kind, as JSON. */
export interface KubeJson {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Record<string, unknown>;
  readonly [field: string]: unknown;
}

interface Target {
  /** `/api/v1/pods`, without namespace and name. */
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

interface Watcher {
  readonly target: Target;
  readonly response: ServerResponse;
}

/** A write that a test refuses: gets method and path, gives the HTTP status, or undefined for what may pass. */
export type Refuse = (method: string, path: string) => number | undefined;

/** A Kubernetes API in memory, for any kind: get, list, watch, create, merge patch and delete with a precondition. What it is asked is kept. */
export class KubeApi {
  url = "";
  refuse: Refuse = () => undefined;
  /** Answers a SubjectAccessReview; its `spec` is given. */
  mayDo: (spec: Record<string, unknown>) => boolean = () => true;
  readonly reviews: Record<string, unknown>[] = [];
  readonly #objects = new Map<string, KubeJson>();
  readonly #watchers = new Set<Watcher>();
  readonly #history: { readonly target: Target; readonly type: string; readonly object: KubeJson }[] = [];
  #version = 100;
  #server: Server | undefined;

  /** On loopback; with a certificate by TLS, which a client needs that shows a token. */
  async listen(tls?: Pem): Promise<void> {
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    };
    const server = tls
      ? createTlsServer({ cert: tls.certificate, key: tls.key }, handler)
      : createServer(handler);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.url = `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
  }

  /** Creates or replaces; keeps the uid of what there is. `path` is that of the object, with namespace and name. */
  put(path: string, object: KubeJson): KubeJson {
    const key = keyOf(targetOf(path));
    const before = this.#objects.get(key);
    const uid = before?.metadata["uid"] ?? object.metadata["uid"] ?? randomUUID();
    const stored = {
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion: String(++this.#version) },
    };
    this.#objects.set(key, stored);
    this.#tell(targetOf(path), before ? "MODIFIED" : "ADDED", stored);
    return stored;
  }

  get(path: string): KubeJson | undefined {
    return this.#objects.get(keyOf(targetOf(path)));
  }

  /** All of a kind: `/api/v1/events`. */
  list(collection: string): readonly KubeJson[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${collection} `)).map(([, object]) => object);
  }

  remove(path: string): void {
    const key = keyOf(targetOf(path));
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#tell(targetOf(path), "DELETED", { ...object, metadata });
  }

  #tell(target: Target, type: string, object: KubeJson): void {
    this.#history.push({ target, type, object });
    for (const watcher of this.#watchers)
      if (isWithin(target, watcher.target)) watcher.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://api");
    const method = request.method ?? "";
    const text = (await buffer(request)).toString();
    const refused = this.refuse(method, url.pathname);
    if (refused !== undefined) return send(response, failure(refused, "ServiceUnavailable"));
    const named = targetOf(url.pathname);
    if (method === "GET" && named.name === undefined) {
      const selected = /^metadata\.name=(.+)$/.exec(url.searchParams.get("fieldSelector") ?? "")?.[1];
      const target = { ...named, name: selected };
      if (url.searchParams.get("watch")) {
        const since = Number(url.searchParams.get("resourceVersion"));
        return this.#watch(target, since, response);
      }
      return send(response, [200, this.#listOf(target)]);
    }
    const body = (text ? JSON.parse(text) : {}) as KubeJson;
    if (method === "POST") return send(response, this.#create(url.pathname, body));
    const path = url.pathname.replace(/\/status$/, "");
    const before = this.get(path);
    send(response, before ? this.#change(method, path, before, body) : failure(404, "NotFound"));
  }

  #listOf(target: Target): unknown {
    const found = [...this.#objects].filter(([key]) => isWithin(parseKey(key), target));
    const metadata = { resourceVersion: String(this.#version) };
    const items = found.map(([, item]) => item);
    const { apiVersion = "v1", kind = "" } = items[0] ?? {};
    return { apiVersion, kind: `${kind}List`, metadata, items };
  }

  #create(collection: string, body: KubeJson): Reply {
    if (collection.endsWith("/subjectaccessreviews")) {
      const spec = body["spec"] as Record<string, unknown>;
      this.reviews.push(spec);
      return [201, { ...body, status: { allowed: this.mayDo(spec) } }];
    }
    const path = `${collection}/${body.metadata.name}`;
    return this.get(path) ? failure(409, "AlreadyExists") : [201, this.put(path, withKind(body, path))];
  }

  #change(method: string, path: string, before: KubeJson, body: KubeJson): Reply {
    if (method === "GET") return [200, before];
    if (method === "PATCH") return [200, this.put(path, merged(before, body) as KubeJson)];
    const wanted = (body["preconditions"] as { uid?: string } | undefined)?.uid;
    if (wanted !== undefined && wanted !== before.metadata["uid"]) return failure(409, "Conflict");
    this.remove(path);
    return [200, { apiVersion: "v1", kind: "Status", status: "Success" }];
  }

  /** Goes on after the version that the client has seen in its list. */
  #watch(target: Target, since: number, response: ServerResponse): void {
    const watcher = { target, response };
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    for (const { target: one, type, object } of this.#history)
      if (isWithin(one, target) && Number(object.metadata["resourceVersion"]) > since)
        response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }
}

type Reply = readonly [code: number, content: unknown];

const send = (response: ServerResponse, [code, content]: Reply): void =>
  void response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(content));

const failure = (code: number, reason: string): Reply => [
  code,
  { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message: reason },
];

/** A client may leave kind and version out of what it sends. */
const withKind = (object: KubeJson, path: string): KubeJson => ({
  ...object,
  apiVersion:
    object.apiVersion ??
    path
      .split("/")
      .slice(2, path.startsWith("/api/") ? 3 : 4)
      .join("/"),
});

function targetOf(path: string): Target {
  const [, root = "", ...rest] = path.split("/");
  const group = [root, ...rest.splice(0, root === "api" ? 1 : 2)];
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2;
  const namespace = isNamespaced ? rest.splice(0, 2)[1] : undefined;
  const [resource = "", name] = rest;
  return { collection: `/${[...group, resource].join("/")}`, namespace, name };
}

const keyOf = ({ collection, namespace = "", name = "" }: Target): string =>
  `${collection} ${namespace} ${name}`;

function parseKey(key: string): Target {
  const [collection = "", namespace, name] = key.split(" ");
  return { collection, namespace: namespace || undefined, name };
}

const isWithin = (one: Target, asked: Target): boolean =>
  one.collection === asked.collection &&
  (asked.namespace === undefined || one.namespace === asked.namespace) &&
  (asked.name === undefined || one.name === asked.name);

function merged(before: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(before as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  return result;
}
