import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ApiObject {
  readonly metadata: { readonly name: string; readonly namespace: string } & Record<string, unknown>;
  readonly [field: string]: unknown;
}

interface ApiEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
}

type Resource = "services" | "endpoints";
const kinds = { services: "Service", endpoints: "Endpoints" } as const;

/** The part of a Kubernetes API that an informer uses: lists with a resource version and watches as lines of JSON. */
export class FakeApi {
  url = "";
  /** Answers everything with 503 while set. */
  down = false;
  readonly #objects = { services: new Map<string, ApiObject>(), endpoints: new Map<string, ApiObject>() };
  readonly #history = { services: [] as ApiEvent[], endpoints: [] as ApiEvent[] };
  readonly #watchers = { services: new Set<ServerResponse>(), endpoints: new Set<ServerResponse>() };
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #version = 100;

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(resource: Resource, object: ApiObject): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const type = this.#objects[resource].has(key) ? "MODIFIED" : "ADDED";
    const stored = {
      apiVersion: "v1",
      kind: kinds[resource],
      ...object,
      metadata: { ...object.metadata, uid: key, resourceVersion: String(++this.#version) },
    };
    this.#objects[resource].set(key, stored);
    this.#tell(resource, { type, object: stored });
  }

  remove(resource: Resource, namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const object = this.#objects[resource].get(key);
    if (!object) throw new Error(`no ${resource} ${key}`);
    this.#objects[resource].delete(key);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#tell(resource, { type: "DELETED", object: { ...object, metadata } });
  }

  /** Cuts all connections, as a restarting API server does. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  #tell(resource: Resource, event: ApiEvent): void {
    this.#history[resource].push(event);
    for (const watcher of this.#watchers[resource]) watcher.write(`${JSON.stringify(event)}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://api");
    const resource = /^\/api\/v1\/(services|endpoints)$/.exec(url.pathname)?.[1] as Resource | undefined;
    if (this.down || !resource) {
      response.writeHead(this.down ? 503 : 404).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    if (url.searchParams.get("watch")) {
      this.#watchers[resource].add(response);
      response.on("close", () => this.#watchers[resource].delete(response));
      response.flushHeaders();
      // A watch goes on after the version that the client has seen, as informers rely on when theirs was cut.
      const since = Number(url.searchParams.get("resourceVersion"));
      for (const event of this.#history[resource])
        if (Number(event.object.metadata["resourceVersion"]) > since)
          response.write(`${JSON.stringify(event)}\n`);
      return;
    }
    const metadata = { resourceVersion: String(this.#version) };
    const items = [...this.#objects[resource].values()];
    response.end(JSON.stringify({ apiVersion: "v1", kind: `${kinds[resource]}List`, metadata, items }));
  }
}
