import type { Step } from "../../../contract/step.ts";
import { type ClusterBase, type ClusterState, recordedMachine } from "../state.ts";

export const machineImage: Step<ClusterState, ClusterBase> = {
  id: "machine-image",
  title: "Preparing the machine image",
  // An image from a slow server takes time.
  timeoutMs: 5_400_000,
  check: async (s) => (!s.refreshImage && (await needsNoImage(s)) ? "done" : "todo"),
  async plan(s) {
    const { image, refreshImage } = s;
    if (refreshImage && (await image.ready())) return [`${image.plan}, and replace the cached one with it`];
    return image.plan === "" || (!refreshImage && (await needsNoImage(s))) ? [] : [`${image.plan}, once`];
  },
  async apply(s, c) {
    if (s.refreshImage) await s.image.aging?.rebuild(c);
    else await s.image.build(c);
  },
};

/** An existing machine no longer needs an image. */
const needsNoImage = async (s: ClusterState): Promise<boolean> =>
  s.nodes.every(recordedMachine) || (await s.image.ready());
