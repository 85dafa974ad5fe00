import type { Step } from "../../../contract/step.ts";
import { closeApiTunnel, ensureApiTunnel } from "../../access/api-tunnel.ts";
import { type ClusterBase, set, type StartState } from "../state.ts";

/** The way to the API of a machine whose driver forwards no port. */
export const apiTunnel: Step<StartState, ClusterBase> = {
  id: "api-tunnel",
  title: "Opening the way to the API",
  needs: ["machine-connect"],
  timeoutMs: 90_000,
  undo: {
    title: "Closing the way to the API",
    async run({ record, paths }, { host, signal }) {
      if (record.machine) await closeApiTunnel(record.machine, { host, signal, paths });
    },
  },
  async apply(s, { host, signal }) {
    const made = await ensureApiTunnel(set(s, "machine"), { host, signal, paths: s.paths });
    return made ? undefined : "unchanged";
  },
};
