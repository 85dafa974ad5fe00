import { describe, expect, test } from "vitest";
import { withAddonFlags, withAddonRegistries } from "../../../../src/cluster/addons/node-parts.ts";
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
