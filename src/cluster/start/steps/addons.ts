import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { removeAddon } from "../../addons/apply.ts";
import { brokenAddons } from "../../addons/known-addons.ts";
import type { LiveCluster } from "../../addons/live-cluster.ts";
import { forgetOwnFolder } from "../../addons/own-folder.ts";
import { withoutFormer } from "../../addons/record.ts";
import { addonsOnRecord, enableOnRecord, enablingPlan, liveOf } from "../enable-on-record.ts";
import { type ClusterBase, type ClusterState, updateRecord } from "../state.ts";

export const addons: Step<ClusterState, ClusterBase> = {
  id: "addons",
  title: "Enabling addons",
  timeoutMs: 3_600_000,
  plan: ({ record: { spec, formerAddons }, firstAddons: names }) => [
    ...Object.keys(formerAddons ?? {}).map((name) => `disable the addon ${name}`),
    ...enablingPlan(
      Object.keys(spec.addons),
      Object.keys(spec.addons).filter((name) => !names.includes(name)),
    ),
  ],
  async apply(s, c) {
    const live = liveOf(s);
    const removed = await removeFormer(s, live, c);
    const { chosen, unknown } = await addonsOnRecord(s, (name) => !s.firstAddons.includes(name));
    const broken = unknown.length === 0 ? [] : await brokenAddons(s.paths.addons);
    for (const name of unknown) {
      const why = broken.find((one) => one.name === name)?.error.message;
      const problem = why ?? `The addon ${name} is not among those of this localkube`;
      s.notice(`${problem}; it is left as it is`, "warning");
    }
    return (await enableOnRecord(chosen, s, live, c)) || removed ? undefined : "unchanged";
  },
};

/** What was disabled while the cluster did not run, or by a call that was killed. */
async function removeFormer(s: ClusterState, live: LiveCluster, c: RunContext): Promise<boolean> {
  const former = Object.entries(s.record.formerAddons ?? {});
  for (const [name, { purge }] of former) {
    const kept = await removeAddon(name, purge, live, c);
    if (!kept?.length) await forgetOwnFolder(s.paths, name);
    for (const sentence of kept ?? []) s.notice(sentence, "info");
    await updateRecord(s, (record) => withoutFormer(record, name));
  }
  return former.length > 0;
}
