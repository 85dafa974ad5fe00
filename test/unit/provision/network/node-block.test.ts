import { expect, test } from "vitest";
import { foreseeableNodeBlock } from "../../../../src/provision/network/assign-node-block.ts";
import { bridgeNetwork } from "../../../../src/provision/network/bridge-network.ts";
import { networkConfigProblem } from "../../../../src/provision/network/network-config-problem.ts";
import { nodeBlock } from "../../../../src/provision/network/node-block.ts";
import { clusterSpec } from "../node/node-sample.ts";

test.each([
  ["10.244.0.0/16", "10.244.0.0/24"],
  ["10.0.0.0/8", "10.0.0.0/24"],
  ["192.168.7.0/24", "192.168.7.0/24"],
])("the node's block of %s is %s", (podCidr, block) => {
  expect(nodeBlock(podCidr)).toBe(block);
  expect(foreseeableNodeBlock(clusterSpec({ podCidr }))).toBe(block);
});

test("the block is left to the controller manager when the user moved its choice", () => {
  const extraConfig = { "controller-manager": { "node-cidr-mask-size": "26" } };
  expect(foreseeableNodeBlock(clusterSpec({ extraConfig }))).toBeUndefined();
  const harmless = { "controller-manager": { v: "4" } };
  expect(foreseeableNodeBlock(clusterSpec({ extraConfig: harmless }))).toBe("10.244.0.0/24");
});

test("the built-in network is what we would take from a user", () => {
  expect(networkConfigProblem(bridgeNetwork("10.244.0.0/24"))).toBeUndefined();
  expect(JSON.stringify(bridgeNetwork("10.9.0.0/24"))).toContain('"subnet":"10.9.0.0/24"');
});
