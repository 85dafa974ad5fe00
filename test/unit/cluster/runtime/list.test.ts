import { expect, test } from "vitest";
import { here } from "../../../../src/cluster/runtime/list.ts";
import { runtimeByName } from "../../../../src/runtimes/registry.ts";

const debian = { source: "debian", kubernetesVersion: "v1.20.2" } as const;
const upstream = { source: "upstream", kubernetesVersion: "v1.36.5" } as const;

test("with Debian's artifacts a runtime comes from packages", () => {
  expect(here(runtimeByName("docker"), 20, debian)).toEqual({
    programs: [{ name: "dockerd", from: "debian", package: "docker.io" }],
  });
  expect(here(runtimeByName("containerd"), 20, debian).programs.map((one) => one.package)).toEqual([
    "containerd",
    "runc",
  ]);
});

test("with upstream's it is released programs, of the versions that go with the Kubernetes", () => {
  expect(here(runtimeByName("docker"), 36, upstream)).toEqual({
    programs: [
      { name: "dockerd", from: "release", version: "28.5.2" },
      { name: "cri-dockerd", from: "release", version: "0.4.3" },
    ],
  });
});

test("one of which no release is known, and no package, says so", () => {
  const crio = runtimeByName("cri-o");
  expect(here(crio, 36, upstream).programs[0]).toMatchObject({ name: "crio", from: "release" });
  expect(here(crio, 36, upstream)).not.toHaveProperty("problem");
  expect(here(crio, 30, { ...upstream, kubernetesVersion: "v1.30.14" })).toMatchObject({
    programs: [{ name: "crio", from: "none" }, { from: "release" }],
    problem: "no release of crio for Kubernetes 1.30 is known; use a machine that has it",
  });
  expect(here(crio, 20, debian).problem).toBe("Debian has no package of crio; use a machine that has it");
});

test("what is nowhere, and a Kubernetes it does not go with, is told", () => {
  expect(here(runtimeByName("docker"), 24, { ...debian, kubernetesVersion: "v1.24.0" })).toMatchObject({
    programs: [{ from: "debian" }, { name: "cri-dockerd", from: "none" }],
    problem: "Debian has no package of cri-dockerd; use --artifacts upstream",
  });
  expect(here({ ...runtimeByName("docker"), at: () => undefined }, 38, upstream)).toEqual({
    programs: [],
    problem: "does not go with Kubernetes v1.36.5",
  });
});
