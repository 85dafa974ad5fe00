import type { Step } from "../../../contract/step.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

export const machineStart: Step<NodeState, NodeBase> = {
  id: "machine-start",
  title: "Starting the machine",
  timeoutMs: 900_000,
  check: async (s, c) => ((await s.driver.state(need(s, "machine"), c)) === "running" ? "done" : "todo"),
  plan: () => ["start the machine"],
  apply: (s, c) => s.driver.start(need(s, "machine"), c),
};
