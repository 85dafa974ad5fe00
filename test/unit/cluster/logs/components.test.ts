import { expect, test } from "vitest";
import { logComponents } from "../../../../src/cluster/logs/components.ts";

const services = ["containerd"];

test("no words mean everything", () => {
  const all = logComponents([], services);
  expect(all).toMatchObject({ start: true, pods: true });
  expect(all.units).toEqual([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "containerd",
  ]);
});

test("words choose, short or long, in the report's order", () => {
  expect(logComponents(["containerd", "apiserver", "kube-apiserver"], services)).toEqual({
    start: false,
    pods: false,
    units: ["kube-apiserver", "containerd"],
  });
  expect(logComponents(["pods", "start"], ["crio"])).toEqual({ start: true, pods: true, units: [] });
});

test("'runtime' means all services of the runtime, each of which has a name too", () => {
  const docker = ["docker", "cri-docker"];
  expect(logComponents(["runtime"], docker).units).toEqual(docker);
  expect(logComponents(["cri-docker"], docker).units).toEqual(["cri-docker"]);
});

test("an unknown word is refused with what was meant", () => {
  expect(() => logComponents(["kubletd"], services)).toThrow(
    expect.objectContaining({
      id: "LOGS_COMPONENT_UNKNOWN",
      message: expect.stringContaining("'kubelet'") as string,
    }),
  );
});
