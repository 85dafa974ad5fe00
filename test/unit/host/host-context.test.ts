import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { hostContext } from "../../../src/host/host-context.ts";
import { kubeconfigFile } from "../../../src/provision/kubeconfig/kubeconfig-file.ts";

const here = (path: string): string => join(process.cwd(), path);

test("relative folders of the environment are those of the folder one stands in, for good", () => {
  const host = hostContext({
    HOME: "home",
    LOCALKUBE_HOME: "./lk/../state",
    XDG_CACHE_HOME: "cache",
    XDG_CONFIG_HOME: "config",
    KUBECONFIG: "a/config::b:/c",
  });
  expect(host.stateDir).toBe(here("state"));
  expect(host.cacheDir).toBe(here("cache/localkube"));
  // What units, drivers and children get.
  expect(host.env).toMatchObject({
    HOME: here("home"),
    LOCALKUBE_HOME: here("state"),
    XDG_CACHE_HOME: here("cache"),
    XDG_CONFIG_HOME: here("config"),
    KUBECONFIG: `${here("a/config")}::${here("b")}:/c`,
  });
  expect(kubeconfigFile(host)).toBe(here("a/config"));
});

test("a relative HOME alone gives absolute folders; empty variables are as good as none", () => {
  const host = hostContext({ HOME: "home", LOCALKUBE_HOME: "", XDG_CACHE_HOME: "", KUBECONFIG: "" });
  expect(host.stateDir).toBe(here("home/.localkube"));
  expect(host.cacheDir).toBe(here("home/.cache/localkube"));
  expect(kubeconfigFile(host)).toBe(here("home/.kube/config"));
});

test.each([
  ["x64", "amd64"],
  ["arm64", "arm64"],
])("%s is %s", (node, arch) => {
  expect(hostContext({}, node).arch).toBe(arch);
});

test.each(["ia32", "arm", "riscv64", "ppc64", "s390x"])("%s is refused, not taken for another", (arch) => {
  expect(() => hostContext({}, arch)).toThrow(expect.objectContaining({ id: "HOST_ARCH_UNSUPPORTED" }));
});
