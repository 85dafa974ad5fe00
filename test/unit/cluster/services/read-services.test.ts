import { expect, test } from "vitest";
import { readServices } from "../../../../src/cluster/services/read-services.ts";

const { signal } = new AbortController();
const answering = (answers: Readonly<Record<string, object>>) => ({
  get: <T>(path: string) => Promise.resolve(answers[path] as T | undefined),
});
const service = (name: string, spec: object, status: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop" },
  spec,
  status,
});
const services = {
  items: [
    service(
      "web",
      { type: "LoadBalancer", clusterIP: "10.96.0.7", ports: [{ port: 80, nodePort: 30080 }] },
      { loadBalancer: { ingress: [{ ip: "192.0.2.7" }, { hostname: "web.example.org" }] } },
    ),
    service("headless", { clusterIP: "None", ports: [{ name: "a", port: 1, protocol: "UDP" }] }),
    service("api", {
      clusterIP: "10.96.0.8",
      selector: { app: "api" },
      ports: [{ port: 443, appProtocol: "https" }],
    }),
    service("other", { type: "ExternalName", externalName: "example.org" }),
  ],
};

test("Services with what their endpoint slices say of readiness; an address in two slices counts once", async () => {
  const slice = (name: string, endpoints: object[] | null) => ({
    metadata: { namespace: "shop", labels: { "kubernetes.io/service-name": name } },
    endpoints,
  });
  const api = answering({
    "/api/v1/namespaces/shop/services": services,
    "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices": {
      items: [
        slice("web", [{ addresses: ["10.0.0.1"], conditions: { ready: true } }, { addresses: ["10.0.0.2"] }]),
        slice("web", [{ addresses: ["10.0.0.1"], conditions: { ready: null } }]),
        slice("api", [{ addresses: ["10.0.0.3"], conditions: { ready: false } }]),
        slice("headless", null),
      ],
    },
  });
  expect(await readServices("shop", api, signal)).toEqual([
    {
      ...{
        namespace: "shop",
        name: "api",
        type: "ClusterIP",
        clusterIP: "10.96.0.8",
        selector: { app: "api" },
      },
      ports: [{ name: "", port: 443, protocol: "TCP", nodePort: 0, appProtocol: "https" }],
      ...{ addresses: [], ready: 0 },
    },
    {
      ...{ namespace: "shop", name: "headless", type: "ClusterIP", clusterIP: "", selector: {} },
      ports: [{ name: "a", port: 1, protocol: "UDP", nodePort: 0, appProtocol: "" }],
      ...{ addresses: [], ready: 0 },
    },
    {
      ...{ namespace: "shop", name: "other", type: "ExternalName", clusterIP: "", selector: {} },
      ...{ ports: [], addresses: [], ready: 0 },
    },
    {
      ...{ namespace: "shop", name: "web", type: "LoadBalancer", clusterIP: "10.96.0.7", selector: {} },
      ports: [{ name: "", port: 80, protocol: "TCP", nodePort: 30080, appProtocol: "" }],
      ...{ addresses: ["192.0.2.7"], ready: 2 },
    },
  ]);
});

test("before 1.21 readiness comes from Endpoints, of all namespaces at once", async () => {
  const api = answering({
    "/api/v1/services": services,
    "/api/v1/endpoints": {
      items: [
        {
          metadata: { namespace: "shop", name: "web" },
          subsets: [{ addresses: [{ ip: "10.0.0.1" }] }, { addresses: null }, {}],
        },
        { metadata: { namespace: "shop", name: "api" }, subsets: null },
      ],
    },
  });
  const ready = (await readServices(undefined, api, signal)).map(({ name, ready: count }) => [name, count]);
  expect(ready).toEqual([
    ["api", 0],
    ["headless", 0],
    ["other", 0],
    ["web", 1],
  ]);
});
