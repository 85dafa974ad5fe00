import { expect, test } from "vitest";
import { machineImage } from "../../../../src/cluster/start/steps/machine-image.ts";
import type { ClusterState } from "../../../../src/cluster/start/state.ts";

const state = (machine: object | undefined, ready: boolean): ClusterState => {
  const cluster = {
    record: { nodes: [{ name: "demo", machine }] },
    image: { plan: "build the machine image 1f", ready: () => Promise.resolve(ready) },
    nodes: [] as object[],
  };
  cluster.nodes.push({ name: "demo", cluster });
  return cluster as unknown as ClusterState;
};

test("a dry run lists the building of an image only where there is none", async () => {
  expect(await machineImage.plan?.(state(undefined, false))).toEqual(["build the machine image 1f, once"]);
  expect(await machineImage.plan?.(state(undefined, true))).toEqual([]);
  expect(await machineImage.plan?.(state({}, false))).toEqual([]);
});
