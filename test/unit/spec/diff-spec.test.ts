import { expect, test } from "vitest";
import { assertChangeable, diffSpec } from "../../../src/spec/diff-spec.ts";
import type { SpecLayer } from "../../../src/spec/fields.ts";
import { resolveSpec } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const surroundings = surroundingsOf({ runtimes: ["containerd", "crio"] });
const old = resolveSpec({}, surroundings);
const settled = {
  driver: "podman",
  runtime: "containerd",
  kubernetesVersion: "v1.36.2",
  artifacts: "debian",
};
const changes = (flags: SpecLayer) =>
  diffSpec(old, resolveSpec({ existing: old, flags }, surroundings), settled);
const fixed = { resize: false };

test("no wish is no change, and neither is naming what was settled", () => {
  expect(changes({})).toEqual([]);
  const named = { driver: "podman", runtime: "containerd", kubernetesVersion: "1.36.2", artifacts: "debian" };
  expect(changes(named)).toEqual([]);
  expect(changes({ artifacts: "auto" })).toEqual([]);
});

test.each([
  [{ name: "other" }, "profile"],
  [{ driver: "docker" }, "driver"],
  [{ artifacts: "upstream" }, "artifacts"],
  [{ serviceCidr: "10.112.0.0/16" }, "service-cidr"],
  [{ podCidr: "10.200.0.0/16" }, "pod-cidr"],
  [{ cni: "none" }, "cni"],
  [{ apiserverPort: 16_443 }, "apiserver-port"],
  [{ cpus: 4 }, "cpus"],
  [{ memory: "5G" }, "memory"],
])("%o stops, naming %s", (flags, flag) => {
  expect(() => assertChangeable("demo", changes(flags), fixed)).toThrow(
    expect.objectContaining({
      id: "CHANGE_NEEDS_RECREATE",
      message: expect.stringContaining(`${flag} of the cluster demo`) as string,
      fix: expect.stringContaining("start -p NAME") as string,
    }) as Error,
  );
});

test("a driver that can resize takes more CPUs and memory", () => {
  const wanted = changes({ cpus: 4, memory: "5G" });
  expect(wanted.map(({ field, effect }) => [field, effect])).toEqual([
    ["cpus", "resize"],
    ["memory", "resize"],
  ]);
  assertChangeable("demo", wanted, { resize: true });
});

test.each<[SpecLayer, string, string]>([
  [{ extraConfig: "kubelet.v=4" }, "extraConfig", "reconfigure"],
  [{ featureGates: "A=true" }, "featureGates", "reconfigure"],
  [{ runtime: "crio" }, "runtime", "reconfigure"],
  [{ apiserverNames: "a.example.org" }, "apiserverNames", "reconfigure"],
  [{ wait: "none" }, "wait", "client"],
  [{ embedCerts: true }, "embedCerts", "client"],
  [{ kubernetesVersion: "v1.37.0" }, "kubernetesVersion", "reconfigure"],
])("%o can be done to %s by %s", (flags, field, effect) => {
  const wanted = changes(flags);
  expect(wanted).toMatchObject([{ field, effect }]);
  assertChangeable("demo", wanted, fixed);
});

test.each([
  ["v1.36.2", "v1.35.9", true],
  ["v1.36.10", "v1.36.9", true],
  ["v1.36.9", "v1.36.10", false],
  ["v1.36.0", "v1.36.0-rc.1", true],
  ["v1.36.0-rc.1", "v1.36.0", false],
  ["v1.36.0-rc.1", "v1.36.0-rc.2", false],
])("from %s to %s is a downgrade: %s", (kubernetesVersion, wanted, isDowngrade) => {
  const wish = { ...old, kubernetesVersion: wanted };
  const change = () =>
    assertChangeable("demo", diffSpec(old, wish, { ...settled, kubernetesVersion }), fixed);
  if (isDowngrade) expect(change).toThrow(expect.objectContaining({ id: "KUBERNETES_DOWNGRADE" }) as Error);
  else change();
});

test("the order of keys is no difference", () => {
  const a = { ...old, extraConfig: { kubelet: { a: "1", b: "2" }, etcd: { c: "3" } } };
  const b = { ...old, extraConfig: { etcd: { c: "3" }, kubelet: { b: "2", a: "1" } } };
  expect(diffSpec(a, b, settled)).toEqual([]);
  expect(diffSpec(a, { ...b, extraConfig: { etcd: { c: "3" } } }, settled)).toHaveLength(1);
});
