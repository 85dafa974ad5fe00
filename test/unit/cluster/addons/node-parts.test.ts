import { describe, expect, test } from "vitest";
import { builtInAddon } from "../../../../src/addons/catalogue.ts";
import { chooseAddon } from "../../../../src/cluster/addons/choose.ts";
import { askLogins } from "../../../../src/cluster/addons/node-logins.ts";
import type { LiveNode } from "../../../../src/cluster/addons/live-cluster.ts";
import {
  nodePart,
  partWords,
  withAddonFlags,
  withAddonLogins,
  withAddonRegistries,
  withAddonRuntimes,
} from "../../../../src/cluster/addons/node-parts.ts";
import type { Registry } from "../../../../src/contract/runtime.ts";

const mine: Registry = { name: "localhost:5000", mirrors: ["https://mirror.example"], insecure: false };
const access = (registries: readonly Registry[] = []) => ({ registries, logins: [], proxy: {} });
const parts = [
  { registries: { "registry.web:5000": "127.0.0.1:5000", "localhost:5000": "127.0.0.1:5000" } },
  {},
];
const anything = { refusedRegistry: () => undefined };

describe("registries that addons serve", () => {
  test("are asked by plain HTTP at the node, sorted by name", () => {
    expect(withAddonRegistries(access(), parts, anything).registries).toEqual([
      { name: "localhost:5000", mirrors: ["http://127.0.0.1:5000"], insecure: false },
      { name: "registry.web:5000", mirrors: ["http://127.0.0.1:5000"], insecure: false },
    ]);
  });

  test("yield to what the user says of a registry, and to what a runtime cannot be told", () => {
    expect(withAddonRegistries(access([mine]), parts, anything).registries[0]).toEqual(mine);
    const refusedRegistry = ([one]: readonly Registry[]) =>
      one?.name === "localhost:5000" ? { name: one.name, problem: "no mirrors" } : undefined;
    const found = withAddonRegistries(access(), parts, { refusedRegistry }).registries;
    expect(found.map(({ name }) => name)).toEqual(["registry.web:5000"]);
  });

  test("without any, everything stays as it is", () => {
    const before = access([mine]);
    expect(withAddonRegistries(before, [{}], anything)).toBe(before);
  });
});

test("flags of addons are added to the user's, which come first", () => {
  const extra = { kubelet: { "max-pods": "5" } };
  expect(
    withAddonFlags(extra, [{ flags: { kubelet: { "max-pods": "9", v: "2" }, etcd: { debug: "true" } } }]),
  ).toEqual({
    ...{ kubelet: { "max-pods": "5", v: "2" }, etcd: { debug: "true" } },
  });
});

test("OCI runtimes of addons come after the user's, each once, and are told before an addon is trusted", () => {
  const brought = [{ ociRuntimes: ["runsc"] }, {}, { ociRuntimes: ["runsc", "crun"] }];
  expect(withAddonRuntimes(["crun"], brought)).toEqual(["crun", "runsc"]);
  expect(withAddonRuntimes(["crun"], [{}])).toEqual(["crun"]);
  expect(partWords({ ociRuntimes: ["runsc"] })).toEqual(["the OCI runtime runsc"]);
});

describe("logins that addons bring", () => {
  const target = { kubernetesVersion: "v1.20.2", artifactsSource: "debian" } as const;
  const chosen = async (registries: string) =>
    chooseAddon(await builtInAddon("registry-creds"), {}, { registries }, target);
  const registries = {
    hostProxy: true,
    mirrors: {},
    insecure: [],
    authorities: {},
    logins: { "ghcr.io": "/home/me/mine.json" },
  };

  test("are read where the option says, and a user's own come first", async () => {
    const part = nodePart(await chosen("ghcr.io, reg.example:5000=/home/me/robot.json"));
    expect(part).toEqual({ logins: { "ghcr.io": "", "reg.example:5000": "/home/me/robot.json" } });
    expect(withAddonLogins(registries, [part, {}]).logins).toEqual({
      "ghcr.io": "/home/me/mine.json",
      "reg.example:5000": "/home/me/robot.json",
    });
    expect(partWords({ logins: "registries" })).toEqual(["your logins at image registries"]);
  });

  test.each(["", "reg.example=robot.json", "https://reg.example", "a b"])("%j is refused", async (text) => {
    await expect(chosen(text)).rejects.toMatchObject({ id: "ADDON_OPTION_INVALID" });
  });

  test("are seen by the names that the kubelet's file has, on each node", async () => {
    const node = (name: string, ...auths: readonly string[]): LiveNode => ({
      name,
      withTransport: (use) =>
        use({
          exec: () =>
            Promise.resolve({
              exitCode: auths.length === 0 ? 1 : 0,
              stdout: JSON.stringify({
                auths: Object.fromEntries(auths.map((one) => [one, { auth: "c2VjcmV0" }])),
              }),
              stderr: "",
            }),
        } as never),
    });
    const { signal } = new AbortController();
    const one = await chosen("docker.io,ghcr.io");
    const hub = "https://index.docker.io/v1/";
    const nodes = [node("a", hub, "ghcr.io"), node("b", hub)];
    expect(await askLogins(one, { nodes: nodes.slice(0, 1) }, signal)).toEqual({
      seen: "the kubelet of a pulls with a login from docker.io, ghcr.io",
      right: true,
    });
    expect(await askLogins(one, { nodes }, signal)).toEqual({
      seen: "the kubelet of b has no login at ghcr.io",
      right: false,
    });
    expect((await askLogins(one, { nodes: [node("c")] }, signal)).right).toBe(false);
  });
});
