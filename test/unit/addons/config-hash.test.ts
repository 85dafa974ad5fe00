import { expect, test } from "vitest";
import { withConfigHashes } from "../../../src/addons/config-hash.ts";
import type { KubeObject } from "../../../src/kube/api-client.ts";

const settings = (kind: string, name: string, data: object, more: object = {}): KubeObject => ({
  ...{ apiVersion: "v1", kind, metadata: { name, namespace: "web", ...more } },
  data,
});
const workload = (pod: object, { kind = "Deployment", apiVersion = "apps/v1", metadata = {} } = {}) => ({
  ...{ apiVersion, kind, metadata: { name: "server", namespace: "web" } },
  spec: { replicas: 1, template: { metadata, spec: pod } },
});
const hashOf = (objects: readonly KubeObject[], masked = objects): string | undefined => {
  const spec = withConfigHashes(objects, masked).at(-1)!["spec"] as {
    template: { metadata?: { annotations?: Record<string, string> } };
  };
  return spec.template.metadata?.annotations?.["localkube.dev/config-hash"];
};
const container = (more: object) => ({ containers: [{ name: "web", ...more }] });

const ways: readonly (readonly [string, string, object])[] = [
  ["a volume", "ConfigMap", { volumes: [{ name: "a", configMap: { name: "page" } }] }],
  ["a volume", "Secret", { volumes: [{ name: "a", secret: { secretName: "page" } }] }],
  [
    "a projected volume",
    "ConfigMap",
    { volumes: [{ name: "a", projected: { sources: [{ configMap: { name: "page" } }] } }] },
  ],
  [
    "a projected volume",
    "Secret",
    { volumes: [{ name: "a", projected: { sources: [{ secret: { name: "page" } }] } }] },
  ],
  [
    "a variable",
    "ConfigMap",
    container({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "page", key: "a" } } }] }),
  ],
  [
    "a variable",
    "Secret",
    container({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "page", key: "a" } } }] }),
  ],
  ["all variables", "ConfigMap", container({ envFrom: [{ configMapRef: { name: "page" } }] })],
  ["all variables", "Secret", container({ envFrom: [{ secretRef: { name: "page" } }] })],
  [
    "an init container",
    "ConfigMap",
    { initContainers: [{ name: "a", envFrom: [{ configMapRef: { name: "page" } }] }] },
  ],
];

test.each(ways)(
  "pods that use by %s a %s are replaced with its content, and only then",
  (_way, kind, pod) => {
    const of = (a: string, more: object = {}) => hashOf([settings(kind, "page", { a }, more), workload(pod)]);
    const hash = of("1");
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(of("1", { labels: { other: "label" } })).toBe(hash);
    expect(of("2")).not.toBe(hash);
    // Of the same name, but another kind, and in another namespace.
    const other = settings(kind === "Secret" ? "ConfigMap" : "Secret", "page", { a: "3" });
    const elsewhere = settings(kind, "page", { a: "3" }, { namespace: "other" });
    expect(hashOf([other, elsewhere, settings(kind, "page", { a: "1" }), workload(pod)])).toBe(hash);
  },
);

test.each(["Deployment", "DaemonSet", "StatefulSet"])("of a %s, whose other annotations stay", (kind) => {
  const pod = { volumes: [{ configMap: { name: "page" } }] };
  const metadata = { labels: { app: "web" }, annotations: { own: "1" } };
  const [, changed] = withConfigHashes(
    [settings("ConfigMap", "page", {}), workload(pod, { kind, metadata })],
    [settings("ConfigMap", "page", {})],
  );
  expect(changed).toMatchObject({ spec: { replicas: 1, template: { spec: pod, metadata } } });
});

test("what uses nothing of the addon, or is nothing that replaces pods, is left as it is", () => {
  const pod = { volumes: [{ configMap: { name: "of-somebody-else" } }] };
  const uses = { volumes: [{ configMap: { name: "page" } }] };
  const objects = [
    settings("ConfigMap", "page", { a: "1" }),
    workload(pod),
    workload(uses, { kind: "Job", apiVersion: "batch/v1" }),
    { apiVersion: "v1", kind: "Pod", metadata: { name: "one", namespace: "web" }, spec: uses },
  ];
  expect(withConfigHashes(objects, objects)).toEqual(objects);
});

test("a secret is in the hash by what stands for it, so that the same one replaces nothing, and nobody can guess at it", () => {
  const pod = workload({ volumes: [{ secret: { secretName: "page" } }] });
  const of = (value: string, mask: string) =>
    hashOf([settings("Secret", "page", { a: value }), pod], [settings("Secret", "page", { a: mask }), pod]);
  expect(of("x", "revision 1")).toBe(of("y", "revision 1"));
  expect(of("x", "revision 2")).not.toBe(of("x", "revision 1"));
});
