import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/kube/api-client.ts";
import { cases, renderedOf } from "./rendered-rows.ts";

/** Faults that addons of this kind had for users elsewhere, and that data alone can show. */

const namedAs = ({ kind, metadata: { name } }: KubeObject): string => `${kind} ${name}`;
const annotationOf = ({ metadata }: KubeObject, key: string): unknown =>
  (metadata["annotations"] as Readonly<Record<string, unknown>> | undefined)?.[key];
const named = (addon: string) => cases.filter(([, found]) => found.addon.name === addon);

test.each(cases)("%s: no folder of the node that a reboot empties", (id) => {
  const text = JSON.stringify(renderedOf(id).objects);
  for (const [, path] of text.matchAll(/"hostPath":\{[^}]*"path":"([^"]*)"/g))
    expect(path).not.toMatch(/^\/(tmp|run|dev\/shm)(\/|$)/);
});

test.each(cases)("%s: a pod that is gone comes back, because a workload makes it", (id) => {
  expect(
    renderedOf(id)
      .objects.filter(({ kind }) => kind === "Pod")
      .map(namedAs),
  ).toEqual([]);
});

test.each(cases)(
  "%s: nobody gets all rights, no page is without a password, and the certificates of kubelets are checked",
  (id) => {
    const { objects } = renderedOf(id);
    for (const binding of objects.filter(({ kind }) => kind.endsWith("RoleBinding")))
      expect((binding["roleRef"] as { name: string }).name, namedAs(binding)).not.toBe("cluster-admin");
    expect(JSON.stringify(objects)).not.toMatch(/kubelet-insecure-tls|api\.insecure/);
  },
);

test.each(cases)("%s: one default class of each kind at most", (id) => {
  const defaults = (kind: string, key: string) =>
    renderedOf(id).objects.filter((one) => one.kind === kind && annotationOf(one, key) === "true");
  const classes = [
    ...defaults("StorageClass", "storageclass.kubernetes.io/is-default-class"),
    ...defaults("IngressClass", "ingressclass.kubernetes.io/is-default-class"),
  ];
  const kinds = classes.map(({ kind }) => kind);
  expect(kinds).toEqual([...new Set(kinds)]);
  const { provides } = cases.find(([one]) => one === id)![1].addon;
  if (kinds.includes("StorageClass")) expect(provides).toContain("default-storage-class");
  if (kinds.includes("IngressClass")) expect(provides).toContain("ingress-class");
});

test.each([...named("registry"), ...named("openstack")])("%s: what it keeps outlives its pod", (id) => {
  const claims = renderedOf(id).objects.filter(
    (one) =>
      one.kind === "PersistentVolumeClaim" || JSON.stringify(one).includes('"volumeClaimTemplates":[{'),
  );
  expect(claims.length).toBeGreaterThan(0);
});

test("the probe of storage writes as a user who is not root, in one pod, and reads in another when that is gone", () => {
  expect(named("storage").length).toBeGreaterThan(0);
  for (const [id, { addon }, row] of named("storage")) {
    const asked = row.probe ?? addon.probe;
    if (asked.type !== "steps") throw new Error(`${id} has no steps`);
    const acts = asked.steps.map((step) =>
      step.type === "remove" ? `remove ${step.kind}` : `${step.type} ${"pod" in step ? step.pod : ""}`.trim(),
    );
    expect(acts, id).toEqual([
      ...["only", "apply writer", "remove Pod", "apply reader", "remove Pod"],
      "remove PersistentVolumeClaim",
    ]);
    for (const pod of renderedOf(id).probe.filter(({ kind }) => kind === "Pod"))
      expect(pod, id).toMatchObject({ spec: { securityContext: { runAsUser: 1000, runAsNonRoot: true } } });
  }
});
