import { expect, test } from "vitest";
import { programDigests } from "../../../src/artifacts/catalogue/catalogue-data.ts";
import { catalogueEntry } from "../../../src/artifacts/catalogue/catalogue-entry.ts";
import { programReleases } from "../../../src/cluster/start/wishes.ts";
import {
  components,
  kubernetesComponents,
  nodeComponents,
  shortName,
} from "../../../src/contract/components.ts";

test("users call components by short names, in the order of help and messages", () => {
  expect(components).toEqual(["kubelet", "apiserver", "controller-manager", "scheduler", "proxy", "etcd"]);
  expect(nodeComponents.map(shortName).sort()).toEqual([...components].sort());
});

test("logs begin with what the others need", () => {
  expect(nodeComponents).toEqual([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
  ]);
  expect(nodeComponents).toEqual(expect.arrayContaining([...kubernetesComponents]));
});

test("whatever can be wished has digests and a version in the catalogue or at its runtime, and nothing else has", () => {
  const releases = programReleases();
  const names = releases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const ofCatalogue = releases.flatMap(({ name, digests }) => (digests ? [] : [name])).sort();
  expect(Object.keys(programDigests).sort()).toEqual(ofCatalogue);
  expect(Object.keys(catalogueEntry("1.36").programs).sort()).toEqual(ofCatalogue);
});
