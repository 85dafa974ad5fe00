import type { MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { PacketApi } from "./api/packet-api.ts";
import type { Pacing } from "./api/connection.ts";
import { homeTag, isOfHome, machineOf, machineStateOf } from "./device.ts";
import { forgetProject, type KnownProject, readHome } from "./home-file.ts";
import { openAccess } from "./open-access.ts";
import { removeOwned } from "./remove-owned.ts";

/** Every machine with this state folder's tag in the projects where one may exist; one of which only the key is left is `absent`. */
export async function listMachines(
  c: RunContext,
  pacing: Pacing,
): Promise<readonly { name: string; state: MachineState }[]> {
  const home = await readHome(c.host);
  if (!home) return [];
  const found = new Map<string, MachineState>();
  for (const known of home.projects)
    for (const [name, state] of await machinesIn(await openAccess(known, c, pacing), known, home.id, c))
      found.set(name, state);
  return [...found].map(([name, state]) => ({ name, state }));
}

/** Removes what a killed `create` left for that name, wherever it may be. */
export async function removeByName(name: string, c: RunContext, pacing: Pacing): Promise<void> {
  const home = await readHome(c.host);
  for (const known of home?.projects ?? []) {
    const api = await openAccess(known, c, pacing);
    await removeOwned(api, { project: known.project, home: home?.id ?? "", machine: name }, c);
    await forgetIfEmpty(api, known, c);
  }
}

/** Removing the last one also removes the note of where to look. */
export async function forgetIfEmpty(api: PacketApi, known: KnownProject, c: RunContext): Promise<void> {
  const home = await readHome(c.host);
  if (!home) return;
  if ((await machinesIn(api, known, home.id, c)).size === 0) await forgetProject(c.host, known);
}

async function machinesIn(
  api: PacketApi,
  { project }: KnownProject,
  home: string,
  c: RunContext,
): Promise<ReadonlyMap<string, MachineState>> {
  const devices = await api.devices(project, homeTag(home), c);
  const keys = await api.keys(project, c);
  const found = new Map<string, MachineState>();
  for (const key of keys.filter((one) => isOfHome(one, home))) found.set(machineOf(key) ?? "", "absent");
  for (const device of devices.filter((one) => isOfHome(one, home)))
    if (machineStateOf(device) !== "absent") found.set(machineOf(device) ?? "", machineStateOf(device));
  return found;
}
