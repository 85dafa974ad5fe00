import type { Job } from "../../pipeline/run-jobs.ts";
import { noticesOnly, type UseCaseContext } from "../access/use-case.ts";
import type { ChosenAddon } from "./choose.ts";

/** Whether an addon needs anything of the nodes. Pure. */
export const hasNodeParts = ({ row }: Pick<ChosenAddon, "row">): boolean => Object.keys(row.node).length > 0;

/**
 * Brings what the addons on record need of the nodes into force, and what they need no more out of it: as a start does, which finds everything else done. The caller holds the
 * profile's lock, and has saved the record.
 */
export const nodesJob = (name: string, context: UseCaseContext, after: readonly string[]): Job => ({
  id: "addon-nodes",
  title: "Adapting the nodes",
  after,
  timeoutMs: 900_000,
  apply: async ({ signal, log }) => {
    const { startHoldingLock } = await import("../start/start.ts");
    const nothing = { flags: { name }, file: {}, settings: {} };
    const refuse = () => Promise.resolve(false);
    const options = { name, wishes: nothing, confirmPackages: refuse, confirmRuntimeChange: refuse };
    await startHoldingLock({ ...options, withoutAddons: true }, noticesOnly({ ...context, signal, log }));
  },
});
