import { expect, test } from "vitest";
import { machineImage } from "../../../../src/cluster/start/steps/machine-image.ts";
import type { ClusterState } from "../../../../src/cluster/start/state.ts";
import { recordingHost } from "../../drivers/recording-host.ts";

const { c } = recordingHost([]);

const state = (machine: object | undefined, ready: boolean, refreshImage = false) => {
  const calls: string[] = [];
  const call = (name: string) => () => Promise.resolve(void calls.push(name));
  const cluster = {
    record: { nodes: [{ name: "demo", machine }] },
    image: {
      plan: "build the machine image 1f",
      ready: () => Promise.resolve(ready),
      build: call("build"),
      aging: { rebuild: call("rebuild") },
    },
    refreshImage,
    nodes: [] as object[],
  };
  cluster.nodes.push({ name: "demo", cluster });
  return { state: cluster as unknown as ClusterState, calls };
};

const plan = (...of: Parameters<typeof state>) => machineImage.plan?.(state(...of).state);
const check = (...of: Parameters<typeof state>) => machineImage.check?.(state(...of).state, c);

test("a dry run lists the building of an image only where there is none", async () => {
  expect(await plan(undefined, false)).toEqual(["build the machine image 1f, once"]);
  expect(await plan(undefined, true)).toEqual([]);
  expect(await plan({}, false)).toEqual([]);
});

test("an image that is to be refreshed is built for an existing machine too, and the plan says so", async () => {
  const replaced = "build the machine image 1f, and replace the cached one with it";
  expect(await plan(undefined, true, true)).toEqual([replaced]);
  expect(await plan({}, true, true)).toEqual([replaced]);
  expect(await plan({}, false, true)).toEqual(["build the machine image 1f, once"]);
  expect(await check({}, true, true)).toBe("todo");
  expect(await check({}, true)).toBe("done");
  for (const refresh of [true, false]) {
    const { state: s, calls } = state(undefined, true, refresh);
    await machineImage.apply(s, c);
    expect(calls).toEqual([refresh ? "rebuild" : "build"]);
  }
});
