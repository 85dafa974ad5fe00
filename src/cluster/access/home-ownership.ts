import { basename, join, resolve } from "node:path";
import { driverState } from "../../contract/driver-state.ts";
import type { HostContext } from "../../contract/host.ts";
import { giveToHomeOwner } from "../../host/home-owner.ts";

/** What localkube and its drivers create in a state folder; `LOCALKUBE_HOME` may be a folder that contains other things too. */
const stateEntries = ["clusters", "locks", "config.json", ...Object.values(driverState)];

/**
 * Gives the files that a command run as root (`sudo -E`) created in a user's home to that user, including those left behind by an
 * earlier command that was killed: state, cache, `~/.kube`. Idempotent; never rejects. See `giveToHomeOwner`.
 */
export async function giveHomeBack({ env, stateDir, cacheDir }: HostContext): Promise<void> {
  const home = env["HOME"];
  if (!home) return;
  const state =
    basename(stateDir) === ".localkube" ? [stateDir] : stateEntries.map((name) => join(stateDir, name));
  await giveToHomeOwner([...state, resolve(cacheDir), join(home, ".kube")], env, {
    way: true,
    skip: (name) => name === "root" || /\.part(ial)?(\.|$)/.test(name),
  });
}
