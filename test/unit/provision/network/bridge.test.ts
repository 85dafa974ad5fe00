import { expect, test } from "vitest";
import { blockToAssign } from "../../../../src/provision/cluster/settle-node.ts";
import { bridgeNetwork, nodeBlock } from "../../../../src/provision/network/bridge.ts";
import { networkConfigProblem } from "../../../../src/provision/network/pod-network.ts";
import { clusterSpec } from "../node/node-sample.ts";

test.each([
  ["10.244.0.0/16", "10.244.0.0/24"],
  ["10.0.0.0/8", "10.0.0.0/24"],
  ["192.168.7.0/24", "192.168.7.0/24"],
])("the node's block of %s is %s", (podCidr, block) => {
  expect(nodeBlock(podCidr)).toBe(block);
  expect(blockToAssign(clusterSpec({ podCidr }), 0)).toBe(block);
});

test("each further node has the next block, as long as the pod CIDR holds one", () => {
  expect([0, 1, 2].map((index) => nodeBlock("10.244.0.0/16", index))).toEqual([
    "10.244.0.0/24",
    "10.244.1.0/24",
    "10.244.2.0/24",
  ]);
  expect(nodeBlock("10.244.0.0/14", 300)).toBe("10.245.44.0/24");
  expect(nodeBlock("10.244.0.0/23", 1)).toBe("10.244.1.0/24");
  expect(() => nodeBlock("10.244.0.0/23", 2)).toThrow(RangeError);
  expect(() => nodeBlock("192.168.7.0/24", 1)).toThrow(/no block for node 1/);
});

test("the block is left to the controller manager when the user wants that", () => {
  const wish = (value: string) => ({ "controller-manager": { "allocate-node-cidrs": value, v: "4" } });
  expect(blockToAssign(clusterSpec({ extraConfig: wish("true") }), 0)).toBeUndefined();
  expect(blockToAssign(clusterSpec({ extraConfig: wish("false") }), 0)).toBe("10.244.0.0/24");
});

test("the built-in network is what we would take from a user", () => {
  expect(networkConfigProblem(bridgeNetwork("10.244.0.0/24"))).toBeUndefined();
  expect(JSON.stringify(bridgeNetwork("10.9.0.0/24"))).toContain('"subnet":"10.9.0.0/24"');
});
