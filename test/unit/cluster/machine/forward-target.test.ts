import { expect, test } from "vitest";
import { forwardTarget } from "../../../../src/cluster/machine/forward-target.ts";

const web = {
  clusterIP: "10.96.7.7",
  ports: [
    { name: "http", port: 80 },
    { name: "admin", port: 9000 },
  ],
};
const services: Readonly<Record<string, object>> = {
  "default/web": { spec: web },
  "default/one": { spec: { clusterIP: "10.96.1.1", ports: [{ port: 8080 }, { port: 53, protocol: "UDP" }] } },
  "default/headless": { spec: { clusterIP: "None", ports: [{ port: 80 }] } },
  "default/udp": { spec: { clusterIP: "10.96.1.2", ports: [{ port: 53, protocol: "UDP" }] } },
  "shop/web": { spec: { ...web, clusterIP: "10.96.8.8" } },
};
const api = {
  send(path: string) {
    const [, namespace = "", name = ""] =
      /^\/api\/v1\/namespaces\/([^/]+)\/services\/([^/]+)$/.exec(path) ?? [];
    const found = services[`${namespace}/${name}`];
    return Promise.resolve({ status: found ? 200 : 404, body: JSON.stringify(found ?? {}) });
  },
};
const of = (target: string, namespace = "default") =>
  forwardTarget(target, namespace, "192.168.124.2", api, new AbortController().signal);

test.each([
  ["30080", "default", { host: "192.168.124.2", port: 30080 }],
  ["one", "default", { host: "10.96.1.1", port: 8080 }],
  ["web:http", "default", { host: "10.96.7.7", port: 80 }],
  ["service/web:9000", "default", { host: "10.96.7.7", port: 9000 }],
  ["svc/web:admin", "shop", { host: "10.96.8.8", port: 9000 }],
])("%s in %s", async (target, namespace, expected) => {
  expect(await of(target, namespace)).toEqual(expected);
});

test.each([
  ["web", "SERVICE_PORT_UNKNOWN", "http, admin"],
  ["web:81", "SERVICE_PORT_UNKNOWN", "http, admin"],
  ["headless", "SERVICE_PORT_UNKNOWN", "none"],
  ["udp", "SERVICE_PORT_UNKNOWN", "none"],
  ["nothing", "SERVICE_UNKNOWN", "nothing"],
  ["0", "FORWARD_TARGET_INVALID", "0"],
  ["70000", "FORWARD_TARGET_INVALID", "70000"],
  ["Web", "FORWARD_TARGET_INVALID", "Web"],
  ["../../secrets/x", "FORWARD_TARGET_INVALID", "secrets"],
  ["", "FORWARD_TARGET_INVALID", ""],
])("%j is refused with %s", async (target, id, words) => {
  await expect(of(target)).rejects.toMatchObject({ id, message: expect.stringContaining(words) as string });
});

test("a namespace is no way into another path", async () => {
  await expect(of("web", "default/services/web?")).rejects.toMatchObject({ id: "FORWARD_TARGET_INVALID" });
});
