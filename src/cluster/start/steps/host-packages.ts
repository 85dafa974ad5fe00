import { firstNode } from "../../../contract/node.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import { installPackages } from "../../../host/packages.ts";
import { type ClusterBase, type ClusterState } from "../state.ts";

export const hostPackages: Step<ClusterState, ClusterBase> = {
  id: "host-packages",
  title: "Installing host packages",
  timeoutMs: 900_000,
  plan: ({ missingPackages }) => [`install the Debian packages ${missingPackages.join(", ")} on this host`],
  async apply(s, c) {
    // Confirmed before the first step, when no view was drawing on the terminal yet.
    await installPackages(s.missingPackages, c, { confirm: () => Promise.resolve(true) });
    const { definition } = firstNode(s);
    const probe = await definition.probe(c.host);
    if (probe.usable) return;
    const { problem = "", fix = "" } = probe;
    throw new LocalkubeError("DRIVER_UNUSABLE", { driver: definition.name, problem, fix });
  },
};
