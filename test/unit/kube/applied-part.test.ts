import { expect, test } from "vitest";
import { appliedPart } from "../../../src/kube/applied-part.ts";

const object = (managedFields: readonly object[]) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    ...{ name: "web", namespace: "shop", uid: "1", resourceVersion: "7", generation: 2 },
    labels: { ours: "a", others: "b" },
    finalizers: ["mine", "theirs"],
    managedFields,
  },
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          { name: "sidecar", image: "s" },
          { name: "web", image: "w:1", ports: [{ containerPort: 80, protocol: "TCP" }], resources: {} },
        ],
        volumes: [{ name: "tmp", emptyDir: {} }],
        nodeSelector: { a: "b" },
      },
    },
  },
  status: { replicas: 3 },
});
const fieldsV1 = {
  "f:metadata": { "f:labels": { "f:ours": {} }, "f:finalizers": { 'v:"mine"': {} } },
  "f:spec": {
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"web"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          },
        },
        "f:volumes": { 'k:{"name":"tmp"}': { ".": {}, "f:name": {}, "f:emptyDir": {} } },
        "f:nodeSelector": { ".": {}, "f:gone": {} },
      },
    },
  },
};

test("what one manager applied is taken out, with the keys of lists, and nothing of others", () => {
  const managed = { manager: "localkube-addons", operation: "Apply", apiVersion: "apps/v1", fieldsV1 };
  const other = { ...managed, manager: "kubectl", fieldsV1: { "f:spec": { "f:replicas": {} } } };
  expect(appliedPart(object([other, managed]), "localkube-addons")).toEqual({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", labels: { ours: "a" }, finalizers: ["mine"] },
    spec: {
      template: {
        spec: {
          containers: [{ name: "web", image: "w:1", ports: [{ containerPort: 80, protocol: "TCP" }] }],
          volumes: [{ name: "tmp", emptyDir: {} }],
          nodeSelector: {},
        },
      },
    },
  });
});

test.each([
  ["nobody is known to have applied it", []],
  [
    "it was applied in another version",
    [{ manager: "localkube-addons", operation: "Apply", apiVersion: "apps/v1beta1", fieldsV1 }],
  ],
])("where %s, it is everything but the server's part", (_name, managedFields) => {
  const { metadata, spec } = object([]);
  const { name, namespace, labels, finalizers } = metadata;
  expect(appliedPart(object(managedFields), "localkube-addons")).toEqual({
    ...{ apiVersion: "apps/v1", kind: "Deployment", spec },
    metadata: { name, namespace, labels, finalizers },
  });
});
