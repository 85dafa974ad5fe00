import { expect, test } from "vitest";
import { logComponents } from "../../../../src/cluster/logs/components.ts";

const unit = "containerd.service";

test("no words mean everything", () => {
  const all = logComponents([], unit);
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
  expect(logComponents(["containerd", "apiserver", "kube-apiserver"], unit)).toEqual({
    start: false,
    pods: false,
    units: ["kube-apiserver", "containerd"],
  });
  expect(logComponents(["pods", "start"], "crio.service")).toEqual({ start: true, pods: true, units: [] });
});

test("an unknown word is refused with what was meant", () => {
  expect(() => logComponents(["kubletd"], unit)).toThrow(
    expect.objectContaining({
      id: "LOGS_COMPONENT_UNKNOWN",
      message: expect.stringContaining("'kubelet'") as string,
    }),
  );
});
