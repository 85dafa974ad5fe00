import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import { parseMount } from "../../../spec/parse/mounts.ts";
import { listWork } from "../../../state/background-work.ts";
import { leaveInBackground } from "../../background/keep.ts";
import { mountId } from "../../mount/mount-request.ts";
import type { ClusterBase, ClusterState } from "../state.ts";

/** Each in a process in the background, in the machine of the first node. */
export const mounts: Step<ClusterState, ClusterBase> = {
  id: "mounts",
  title: "Mounting folders of this computer",
  timeoutMs: 1_200_000,
  plan: ({ record: { spec } }) => spec.mounts.map((text) => `mount ${text}`),
  async apply(s, c) {
    const { name, mounts: wanted } = s.record.spec;
    const alive = (await listWork(s.host, name)).filter(
      ({ kind, state }) => kind === "mount" && state === "alive",
    );
    let begun = false;
    for (const text of wanted) {
      const id = mountId(undefined, parseMount(text, "/").guest);
      if (alive.some((work) => work.id === id)) continue;
      begun = true;
      c.report({ message: text });
      const words = ["mount", text, "--background", "--profile", name];
      await leaveInBackground(name, { kind: "mount", id }, { ...s, signal: c.signal }, words).catch(
        (error: unknown) => {
          // The cluster is of use without it, for example where the folder is not there any more.
          if (!(error instanceof LocalkubeError) || c.signal.aborted) throw error;
          s.notice(`${error.message}; the cluster is without the mount ${text}`, "warning");
        },
      );
    }
    return begun ? undefined : "unchanged";
  },
};
