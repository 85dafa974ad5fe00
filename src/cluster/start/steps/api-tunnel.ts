import type { Step } from "../../../contract/step.ts";
import { closeApiTunnel, ensureApiTunnel } from "../../access/reach.ts";
import { need, type NodeBase, type NodeState, recordedMachine } from "../state.ts";

/** Tunnel to the API of a machine whose driver forwards no port. */
export const apiTunnel: Step<NodeState, NodeBase> = {
  id: "api-tunnel",
  title: "Opening an SSH tunnel to the API server",
  timeoutMs: 90_000,
  plan: () => ["open an SSH tunnel to the API server"],
  undo: {
    title: "Closing the SSH tunnel to the API server",
    async run(node, { host, signal }) {
      const machine = recordedMachine(node);
      if (machine) await closeApiTunnel(machine, { host, signal, paths: node.paths });
    },
  },
  async apply(s, { host, signal }) {
    const made = await ensureApiTunnel(need(s, "machine"), { host, signal, paths: s.paths });
    return made ? undefined : "unchanged";
  },
};
