import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { withNeeds } from "../../../src/addons/catalogue.ts";
import { addonRow, probeOf } from "../../../src/addons/definition.ts";
import { groupOf } from "../../../src/addons/waves.ts";
import { debianImageRecipe } from "../../../src/artifacts/debian-image/recipes.ts";
import { parseImageRef } from "../../../src/contract/image-reference.ts";
import type { KubeObject } from "../../../src/kube/api-client.ts";
import { addons, cases, minorsOf, optionsOf, renderedOf } from "./rendered-rows.ts";
import { isClusterWide, isOwnGroup, isServed } from "./served-kinds.ts";

/** Those of upstream whose digest is not known yet: nobody whom we can trust with it names one. A pull takes what the tag stands for that day. */
const withoutDigest = [
  "docker.io/hashicorp/consul-k8s-control-plane:1.9.10",
  "docker.io/hashicorp/consul:1.22.7",
  "quay.io/jetstack/cert-manager-acmesolver:v1.19.6",
  "quay.io/jetstack/cert-manager-acmesolver:v1.20.3",
  "quay.io/jetstack/cert-manager-cainjector:v1.19.6",
  "quay.io/jetstack/cert-manager-controller:v1.19.6",
  "quay.io/jetstack/cert-manager-webhook:v1.19.6",
  "registry.k8s.io/sig-storage/hostpathplugin:v1.17.1",
  "registry.k8s.io/sig-storage/snapshot-controller:v8.6.0",
];

// ---- Looking into objects

interface Container {
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly ports?: readonly { readonly name?: string }[];
}
interface PodSpec {
  readonly serviceAccountName?: string;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
}
interface Template {
  readonly owner: KubeObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}
type Labels = Readonly<Record<string, string>>;

const namedAs = ({ kind, metadata: { name } }: KubeObject): string => `${kind} ${name}`;
const specOf = <T>(object: KubeObject): T => (object["spec"] ?? {}) as T;

function templatesOf(objects: readonly KubeObject[]): readonly Template[] {
  return objects.flatMap((owner) => {
    const labels = (owner.metadata["labels"] ?? {}) as Labels;
    if (owner.kind === "Pod") return [{ owner, labels, spec: specOf<PodSpec>(owner) }];
    const spec = specOf<{
      template?: { metadata?: { labels?: Labels }; spec?: PodSpec };
      jobTemplate?: object;
    }>(owner);
    const { template } =
      owner.kind === "CronJob" ? ((spec.jobTemplate as { spec: typeof spec }).spec ?? {}) : spec;
    return template ? [{ owner, labels: template.metadata?.labels ?? {}, spec: template.spec ?? {} }] : [];
  });
}

const containersOf = ({ containers = [], initContainers = [] }: PodSpec) => [
  ...initContainers,
  ...containers,
];
const has = (objects: readonly KubeObject[], kind: string, name: unknown, namespace?: string): boolean =>
  objects.some(
    ({ kind: one, metadata }) =>
      one === kind && metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
  );
const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

// ---- The catalogue

test("there are addons, and no file of theirs is used by nothing", async () => {
  expect(addons.length).toBeGreaterThan(0);
  for (const { addon, folder } of addons) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && entry.name !== "addon.yaml" && entry.name !== "README.md")
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
    const probes = [addon.probe, ...addon.versions.flatMap(({ probe }) => probe ?? [])];
    const used = [
      ...addon.versions.flatMap(({ objects }) => objects),
      ...probes.flatMap((probe) => (probe.type === "objects" ? [probe.objects] : [])),
    ];
    expect(new Set(files), addon.name).toEqual(new Set(used));
  }
});

test("needs exist and can be beside each other, and no two rows are for the same cluster", () => {
  for (const { addon } of addons) {
    expect(withNeeds([addon.name], addons).at(-1)?.addon).toBe(addon);
    for (const other of Object.keys(addon.conflicts))
      expect(addons.map(({ addon: { name } }) => name)).toContain(other);
    for (const row of addon.versions)
      for (const minor of minorsOf(row)) {
        const options = optionsOf(addon, row);
        expect(addonRow(addon, { version: `v1.${minor}.0`, minor, source: row.artifacts }, options)).toBe(
          row,
        );
      }
  }
});

test("images of upstream have a digest, or are known to have none", () => {
  const refs = addons
    .flatMap(({ addon: { versions } }) =>
      versions.flatMap(({ artifacts, images }) => (artifacts === "upstream" ? Object.values(images) : [])),
    )
    .filter((ref) => !ref.startsWith("catalogue:"));
  for (const ref of refs) {
    const { registry, tag } = parseImageRef(ref) ?? {};
    expect(ref, "says its registry").toMatch(new RegExp(`^${registry}/`));
    expect(tag, ref).not.toBe("latest");
    expect(tag, ref).toBeDefined();
  }
  const bare = refs.filter((ref) => !parseImageRef(ref)?.digest);
  expect([...new Set(bare)].sort()).toEqual(withoutDigest);
});

/** Compiled from a source, not made of packages. */
const compiled = ["localkube.local/cluster-dns", "localkube.local/addon-programs"];

test("images of Debian are ones that are compiled or have a recipe", () => {
  for (const [id, , { artifacts, images }] of cases)
    if (artifacts === "debian")
      for (const ref of Object.values(images))
        expect(compiled.includes(ref) || debianImageRecipe(ref) !== undefined, `${id}: ${ref}`).toBe(true);
});

test.each(cases)("%s: every minor that it claims serves its kinds", (id, { addon }, row) => {
  const { objects, probe } = renderedOf(id);
  expect(minorsOf(row).length).toBeGreaterThan(0);
  for (const minor of minorsOf(row)) {
    const beside = withNeeds([addon.name], addons).flatMap(({ addon: { versions } }) =>
      versions.filter((one) => one.artifacts === row.artifacts && minorsOf(one).includes(minor)),
    );
    const defined = beside.flatMap(({ published }) => published.map(({ from }) => from));
    for (const object of [...objects, ...probe])
      if (isOwnGroup(object.apiVersion))
        expect(isServed(object, minor), `${object.apiVersion} ${namedAs(object)} in 1.${minor}`).toBe(true);
      else
        expect(
          defined.some((from) =>
            from.includes(`/${groupOf(object.apiVersion)}_${object.kind.toLowerCase()}`),
          ),
          `${object.apiVersion} ${namedAs(object)} is defined by somebody`,
        ).toBe(true);
  }
});

test.each(cases)("%s: objects are in namespaces that exist, each once", (id, { addon }, row) => {
  const { objects, probe } = renderedOf(id);
  const made = objects.filter(({ kind }) => kind === "Namespace").map(({ metadata: { name } }) => name);
  const there = ["kube-system", "kube-public", "default", ...made];
  for (const object of objects)
    if (isOwnGroup(object.apiVersion)) {
      const { namespace } = object.metadata;
      if (isClusterWide(object.kind)) expect(namespace, namedAs(object)).toBeUndefined();
      else expect(there, namedAs(object)).toContain(namespace);
    }
  const keys = objects.map(
    (object) => `${object.apiVersion} ${namedAs(object)} ${object.metadata.namespace}`,
  );
  expect(keys).toEqual([...new Set(keys)]);
  if (objects.length > 0 && made.length > 0) expect(made).toContain(addon.namespace);
  for (const object of probe) expect(object.metadata.namespace, namedAs(object)).toBeUndefined();
  expect(JSON.stringify(row)).not.toMatch(/latest/);
});

test.each(cases)("%s: pods run the row's images and no other, and nothing is pulled", (id) => {
  const { objects, probe, images } = renderedOf(id);
  const names = Object.values(images);
  for (const { owner, spec } of templatesOf([...objects, ...probe])) {
    expect(containersOf(spec).length, namedAs(owner)).toBeGreaterThan(0);
    for (const { image, imagePullPolicy } of containersOf(spec)) {
      // What a probe has pushed to a registry of the cluster itself comes from there.
      const own = probe.includes(owner) && image?.startsWith("localhost:");
      if (own) continue;
      expect(names, namedAs(owner)).toContain(image);
      expect(imagePullPolicy, namedAs(owner)).toBe("IfNotPresent");
    }
  }
  const text = JSON.stringify([objects, probe]);
  for (const name of names) expect(text, "each image of the row is used").toContain(name);
  expect(text, "every place is filled").not.toContain("${");
});

test.each(cases)("%s: what objects refer to is among them", (id) => {
  const { objects } = renderedOf(id);
  const templates = templatesOf(objects);
  for (const { owner, labels, spec } of templates) {
    const { namespace } = owner.metadata;
    const where = namedAs(owner);
    const { selector, serviceName } = specOf<{ selector?: { matchLabels?: Labels }; serviceName?: string }>(
      owner,
    );
    if (selector?.matchLabels)
      expect(matches(selector.matchLabels, labels), `${where} selects its pods`).toBe(true);
    const account = spec.serviceAccountName ?? "default";
    if (account !== "default")
      expect(has(objects, "ServiceAccount", account, namespace), `${where}: ${account}`).toBe(true);
    for (const { configMap, secret, persistentVolumeClaim: claim } of spec.volumes ?? []) {
      if (configMap && !configMap["optional"])
        expect(
          has(objects, "ConfigMap", configMap["name"], namespace),
          `${where}: ConfigMap ${String(configMap["name"])}`,
        ).toBe(true);
      if (secret && !secret["optional"])
        expect(
          has(objects, "Secret", secret["secretName"], namespace),
          `${where}: Secret ${String(secret["secretName"])}`,
        ).toBe(true);
      if (claim)
        expect(
          has(objects, "PersistentVolumeClaim", claim["claimName"], namespace),
          `${where}: ${String(claim["claimName"])}`,
        ).toBe(true);
    }
    if (owner.kind === "StatefulSet")
      expect(has(objects, "Service", serviceName, namespace), `${where}: its Service`).toBe(true);
  }
});

test.each(cases)("%s: each Service has pods that answer on its ports", (id) => {
  for (const part of [renderedOf(id).objects, renderedOf(id).probe])
    for (const service of part.filter(({ kind }) => kind === "Service")) {
      const { selector, ports = [] } = specOf<{
        selector?: Labels;
        ports?: readonly { readonly targetPort?: string | number }[];
      }>(service);
      if (!selector) continue;
      const pods = templatesOf(part).filter(
        ({ owner, labels }) =>
          owner.metadata.namespace === service.metadata.namespace && matches(selector, labels),
      );
      expect(pods.length, namedAs(service)).toBeGreaterThan(0);
      const open = pods.flatMap(({ spec }) => containersOf(spec).flatMap((one) => one.ports ?? []));
      for (const { targetPort } of ports)
        if (typeof targetPort === "string")
          expect(
            open.map(({ name }) => name),
            namedAs(service),
          ).toContain(targetPort);
    }
});

/** Roles that every cluster has. */
const ownRoles = /^(cluster-admin|admin|edit|view|system:.+|extension-apiserver-authentication-reader)$/;

test.each(cases)("%s: rights are given to accounts that exist, by roles that exist", (id) => {
  const { objects } = renderedOf(id);
  for (const binding of objects.filter(({ kind }) => kind.endsWith("RoleBinding"))) {
    const { roleRef, subjects } = binding as unknown as {
      roleRef: { kind: string; name: string };
      subjects: readonly { kind: string; name: string; namespace?: string }[];
    };
    if (!ownRoles.test(roleRef.name)) {
      const namespace = roleRef.kind === "Role" ? binding.metadata.namespace : undefined;
      expect(has(objects, roleRef.kind, roleRef.name, namespace), namedAs(binding)).toBe(true);
    }
    expect(subjects.length, namedAs(binding)).toBeGreaterThan(0);
    for (const { kind, name, namespace } of subjects)
      if (kind === "ServiceAccount") {
        expect(namespace, namedAs(binding)).toBeDefined();
        expect(has(objects, "ServiceAccount", name, namespace), `${namedAs(binding)}: ${name}`).toBe(true);
      } else expect(["User", "Group"], namedAs(binding)).toContain(kind);
  }
});

test.each(cases)("%s: what is awaited, probed and opened is among the objects", (id, { addon }, row) => {
  const { objects, probe } = renderedOf(id);
  for (const { kind, name, namespace } of row.wait)
    if (kind === "CustomResourceDefinition") {
      const [plural, ...group] = name.split(".");
      const published = row.published.some(({ from }) => from.endsWith(`/${group.join(".")}_${plural}.yaml`));
      expect(published || has(objects, kind, name), name).toBe(true);
    } else expect(has(objects, kind, name, namespace), `${kind} ${name}`).toBe(true);
  const asked = probeOf(addon, row);
  if (asked.type === "objects") expect(has(probe, "Pod", asked.pod), asked.pod).toBe(true);
  for (const one of [addon.open ?? [], asked.type === "http" ? asked : []].flat()) {
    const service = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === one.service);
    const { ports = [] } = specOf<{ ports?: readonly { name?: string; port: number }[] }>(service!);
    expect(
      ports.some(({ name, port }) => one.port === port || one.port === name),
      one.service,
    ).toBe(true);
  }
});

test("where policies decide about pods, those of addons keep their rights", () => {
  const policies = cases.filter(
    ([, { addon }, row]) => addon.name === "pod-security" && minorsOf(row).includes(20),
  );
  expect(policies.length).toBeGreaterThan(0);
  const workloads = cases.filter(([, , row]) => minorsOf(row).some((minor) => minor < 23));
  const namespaces = workloads.flatMap(([id]) =>
    templatesOf(renderedOf(id).objects).map(({ owner }) => owner.metadata.namespace),
  );
  expect(namespaces.length).toBeGreaterThan(0);
  for (const [id] of policies) {
    const binding = renderedOf(id).objects.find(
      ({ kind, metadata }) =>
        kind === "ClusterRoleBinding" && metadata.name === "localkube-pod-security:system",
    );
    const groups = (binding?.["subjects"] as readonly { name: string }[]).map(({ name }) => name);
    for (const namespace of new Set(namespaces))
      expect(groups).toContain(`system:serviceaccounts:${namespace}`);
  }
});
