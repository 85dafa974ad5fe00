import { expect, test } from "vitest";
import { sha256Digest } from "../../../../src/contract/digest.ts";
import { imageDigests, programDigests } from "../../../../src/artifacts/catalogue/catalogue-data.ts";
import { catalogueEntry } from "../../../../src/artifacts/catalogue/catalogue-entry.ts";
import { kubeletConfigHas } from "../../../../src/artifacts/catalogue/flags.ts";
import {
  knownMinors,
  minorOf,
  newestStable,
  normaliseVersion,
} from "../../../../src/artifacts/catalogue/kubernetes-version.ts";
import { publishedDigests, wantedProgram } from "../../../../src/artifacts/program-release.ts";
import { artifactWishes, programReleases } from "../../../../src/cluster/start/wishes.ts";
import { kubernetesPrograms } from "../../../../src/contract/components.ts";
import { kubernetesRelease } from "../../../../src/provision/programs/node-programs.ts";

const publishedDigest = publishedDigests(programReleases());

test("the catalogue goes from 1.20 to 1.37 without a gap", () => {
  expect(knownMinors).toEqual(Array.from({ length: 18 }, (_, index) => 20 + index));
  expect(newestStable()).toBe("v1.37.1");
});

test.each(knownMinors)("1.%i has what goes together", (minor) => {
  const entry = catalogueEntry(`1.${minor}`);
  expect(entry.version).toMatch(new RegExp(`^v1\\.${minor}\\.\\d+$`));
  expect(["3.5.0", "3.5.1", "3.5.2"]).not.toContain(entry.etcd); // they corrupt data
  for (const name of ["cni-plugins", "crictl"]) {
    const version = entry.programs[name] ?? "none";
    expect(programDigests[name]?.[version], `${name} ${version}`).toBeDefined();
  }
});

test("the six programs are pinned together, so that no mirror can vouch for one of them itself", () => {
  const versions = Object.keys(programDigests["kube-apiserver"] ?? {});
  expect(versions).toEqual(expect.arrayContaining(["1.24.0", "1.36.4", newestStable().slice(1)]));
  for (const version of versions)
    for (const arch of ["amd64", "arm64"] as const)
      for (const name of kubernetesPrograms) {
        const { identity, digest } = wantedProgram(kubernetesRelease(name), version, arch);
        expect(digest.kind, `${name} ${version}`).toBe("known");
        expect(publishedDigest(identity), identity).toEqual(digest.kind === "known" ? digest.digest : "");
      }
});

test("every image of the catalogue is pinned but for those that no two projects publish a digest of", () => {
  const images = knownMinors.flatMap((minor) => Object.values(catalogueEntry(`1.${minor}`).images));
  const open = [...new Set(images)].filter((ref) => imageDigests[ref] === undefined);
  expect(open).toEqual(["registry.k8s.io/pause:3.4.1"]);
  expect(publishedDigest("registry.k8s.io/v2/coredns/coredns/manifests/v1.11.1")).toEqual(
    imageDigests["registry.k8s.io/coredns/coredns:v1.11.1"],
  );
  expect(publishedDigest("registry.k8s.io/v2/coredns/coredns/manifests/v0")).toBeUndefined();
});

test("paths and digests of a release are upstream's own", () => {
  const of = (name: (typeof kubernetesPrograms)[number], version: string) =>
    wantedProgram(kubernetesRelease(name), version, "arm64");
  expect(of("kubelet", "1.36.2")).toEqual({
    identity: "dl.k8s.io/release/v1.36.2/bin/linux/arm64/kubelet",
    digest: {
      kind: "known",
      digest: sha256Digest("b0b45db96f0e6bf996780b8a2b8d868bf538dc7c3a60cf604cf0ea2d65c24b06"),
    },
  });
  expect(of("kube-apiserver", "1.36.2").digest).toEqual({
    kind: "known",
    digest: sha256Digest("265e3918c0659ce714fba07b6cc0634edafa4db6dd5891cc8dc3352b028af0f5"),
  });
  expect(of("kube-apiserver", "1.36.99").digest).toEqual({
    kind: "companion",
    identity: "dl.k8s.io/release/v1.36.99/bin/linux/arm64/kube-apiserver.sha256",
  });
  const { programs } = artifactWishes("v1.36.2", "containerd");
  const identities = programs.map((wish) => wantedProgram(wish, wish.version, "amd64").identity);
  expect(identities[0]).toBe("dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet");
  expect(identities.filter((identity) => identity.startsWith("github.com/")).sort()).toEqual([
    "github.com/containerd/containerd/releases/download/v2.3.4/containerd-static-2.3.4-linux-amd64.tar.gz",
    "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz",
    "github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-amd64.tar.gz",
    "github.com/kubernetes-sigs/cri-tools/releases/download/v1.36.0/crictl-v1.36.0-linux-amd64.tar.gz",
    "github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64",
  ]);
  expect(new Set(programs.map(({ name }) => name)).size).toBe(11);
});

test("CoreDNS moved to a path of its own in 1.21", () => {
  expect(catalogueEntry("1.20").images["cluster-dns"]).toBe("registry.k8s.io/coredns:1.7.0");
  expect(catalogueEntry("1.21").images["cluster-dns"]).toBe("registry.k8s.io/coredns/coredns:v1.8.0");
});

test.each([
  ["v1.36.5", "v1.36.5"],
  ["1.36.9", "v1.36.9"],
  ["1.20", "v1.20.15"],
  ["v1.37.0-rc.1", "v1.37.0-rc.1"],
])("%s is %s", (given, version) => {
  expect(normaliseVersion(given)).toBe(version);
});

test.each([
  ["v1.38.0", "v1.37.1"],
  ["v1.19.3", "v1.20.15"],
  ["v2.0.0", "v1.37.1"],
  ["v1.3600.0", "v1.37.1"],
  ["latest", "v1.37.1"],
  ["v1.36.5; rm", "v1.36.5"],
  ["v1.36.../x", "v1.36.5"],
])("%s is not known; the closest is %s", (version, closest) => {
  expect(() => minorOf(version)).toThrowError(
    expect.objectContaining({
      id: "KUBERNETES_VERSION_UNKNOWN",
      params: { version, oldest: "v1.20", newest: "v1.37.1", closest },
    }) as Error,
  );
});

test("fields of the kubelet's configuration are asked for by version", () => {
  expect(kubeletConfigHas("failCgroupV1", "v1.30.0")).toBe(false);
  expect(kubeletConfigHas("failCgroupV1", "v1.31.0")).toBe(true);
  expect(kubeletConfigHas("clusterDNS", "v1.20.2")).toBe(true);
});
