import { expect, test } from "vitest";
import { driverOptions } from "../../../src/machine/driver-options.ts";
import type { ClusterSpec, SpecLayer } from "../../../src/spec/fields.ts";
import { resolveSpec } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const surroundings = surroundingsOf({ drivers: ["qemu", "ssh"], driverOptions });
const resolved = (flags: SpecLayer, existing?: ClusterSpec) => resolveSpec({ flags, existing }, surroundings);

/** As the command line gives them: repeatable flags are lists. */
const filled: SpecLayer = {
  extraConfig: ["kubelet.max-pods=5"],
  featureGates: "A=true",
  apiserverNames: ["kube.example.org"],
  apiserverIps: ["192.0.2.1"],
  mirror: "/srv/mirror",
  image: "/mine.qcow2",
  cni: "/my.conflist",
  kubernetesVersion: "v1.36.2",
};
const emptied: SpecLayer = {
  extraConfig: [""],
  featureGates: "",
  apiserverNames: [""],
  apiserverIps: [""],
  mirror: "",
  image: "",
  cni: "",
  kubernetesVersion: "",
};

test.each(Object.keys(filled) as (keyof SpecLayer)[])(
  "an empty --%s takes the stored value away",
  (field) => {
    const none = resolved({});
    const cluster = resolved({ [field]: filled[field] });
    expect(cluster).not.toEqual(none);
    expect(resolved({}, cluster)).toEqual(cluster);
    expect(resolved({ [field]: emptied[field] }, cluster)).toEqual(none);
  },
);

test("so does an empty option of a driver", () => {
  const cluster = resolved({
    driver: "ssh",
    driverOptions: { "ssh-host": "h.example.org", "ssh-user": "me" },
  });
  expect(resolved({ driverOptions: { "ssh-user": "" } }, cluster).driverOptions).toEqual({
    "ssh-host": "h.example.org",
  });
});

test("an address of another kind is no folder", () => {
  expect(resolved({ mirror: "ftp://x" }).mirror).toBe("ftp://x");
  expect(resolved({ mirror: "mirror" }).mirror).toBe(`${process.cwd()}/mirror`);
});
