import { expect, test } from "vitest";
import {
  type Inventory,
  inventoryObject,
  isSame,
  labelled,
  memberLabel,
  memberOf,
  readInventory,
  surplus,
  union,
} from "../../../src/addons/inventory.ts";

const object = (kind: string, name: string, uid?: string) => ({
  apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
  kind,
  metadata: { name, namespace: "web", ...(uid === undefined ? {} : { uid }) },
});
const inventory: Inventory = {
  schema: 1,
  phase: "enabled",
  version: "2",
  hash: "abc",
  options: { port: "81" },
  members: [memberOf(object("Deployment", "web", "u1")), memberOf(object("ConfigMap", "web", "u2"))],
};

test("an inventory is read as it was written", () => {
  expect(readInventory(inventoryObject("web", inventory))).toEqual(inventory);
});

test("its ConfigMap is a parent that kubectl's apply sets can read", () => {
  expect(inventoryObject("web", inventory).metadata).toMatchObject({
    namespace: "localkube-addons",
    annotations: {
      "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps",
      "applyset.kubernetes.io/additional-namespaces": "web",
    },
  });
  const [id] = Object.values(memberLabel("web"));
  expect(id).toMatch(/^applyset-[\w-]{43}-v1$/);
  expect(id).not.toBe(Object.values(memberLabel("dns"))[0]);
});

test.each([undefined, "{", "{}", JSON.stringify({ ...inventory, schema: 2 })])(
  "a damaged one is refused: %s",
  (text) => {
    const damaged = {
      ...inventoryObject("web", inventory),
      data: text === undefined ? {} : { "inventory.json": text },
    };
    expect(() => readInventory(damaged)).toThrow(expect.objectContaining({ id: "ADDON_INVENTORY_DAMAGED" }));
  },
);

test("before an apply everything is on record that may be there, with the uids known", () => {
  const wanted = [memberOf(object("Deployment", "web")), memberOf(object("Service", "web"))];
  expect(union(inventory.members, wanted)).toEqual([
    { group: "apps", kind: "Deployment", namespace: "web", name: "web", uid: "u1" },
    { group: "", kind: "ConfigMap", namespace: "web", name: "web", uid: "u2" },
    { group: "", kind: "Service", namespace: "web", name: "web" },
  ]);
  expect(surplus(inventory.members, wanted)).toEqual([memberOf(object("ConfigMap", "web", "u2"))]);
});

test("only what we made is ours: not another's of the same name, and not one made under its name since", () => {
  const [deployment] = inventory.members;
  const ours = labelled(object("Deployment", "web", "u1"), "web");
  expect(isSame(ours, deployment!, "web")).toBe(true);
  expect(isSame(object("Deployment", "web", "u1"), deployment!, "web")).toBe(false);
  expect(isSame(labelled(object("Deployment", "web", "u9"), "web"), deployment!, "web")).toBe(false);
  expect(isSame(labelled(object("Deployment", "web", "u1"), "dns"), deployment!, "web")).toBe(false);
  // Killed between the record and the answer to the apply.
  expect(isSame(ours, memberOf(object("Deployment", "web")), "web")).toBe(true);
});
