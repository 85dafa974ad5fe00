import type { Step } from "../../../contract/step.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

export const machineResize: Step<NodeState, NodeBase> = {
  id: "machine-resize",
  title: "Resizing the machine",
  timeoutMs: 180_000,
  async apply(s, c) {
    const resize = need(s.driver, "resize");
    const machine = need(s, "machine");
    const { cpus, memoryMiB, diskGiB, name } = s.cluster.record.spec;
    const has = await resize.hardware(machine, c);
    if (has.cpus === cpus && has.memoryMiB === memoryMiB && has.diskGiB === diskGiB) return "unchanged";
    const state = await s.driver.state(machine, c);
    // Also checked while it runs, when nothing is resized yet: a disk that cannot shrink is reported immediately.
    if (state === "stopped" || diskGiB < has.diskGiB) {
      await resize.resize(machine, { cpus, memoryMiB, diskGiB }, c);
      return undefined;
    }
    s.cluster.notice(
      `the new size takes effect after: localkube stop -p ${name} && localkube start -p ${name}`,
      "info",
    );
    return "unchanged";
  },
};
