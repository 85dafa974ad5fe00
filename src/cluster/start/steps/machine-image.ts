import type { Step } from "../../../contract/step.ts";
import { type ClusterBase, type ClusterState, recordedMachine } from "../state.ts";

export const machineImage: Step<ClusterState, ClusterBase> = {
  id: "machine-image",
  title: "Preparing the machine image",
  // An image from a slow server takes time.
  timeoutMs: 5_400_000,
  check: async (s) => ((await needsNoImage(s)) ? "done" : "todo"),
  plan: async (s) => (s.image.plan === "" || (await needsNoImage(s)) ? [] : [`${s.image.plan}, once`]),
  async apply(s, c) {
    await s.image.build(c);
  },
};

/** An existing machine no longer needs an image. */
const needsNoImage = async (s: ClusterState): Promise<boolean> =>
  s.nodes.every(recordedMachine) || (await s.image.ready());
