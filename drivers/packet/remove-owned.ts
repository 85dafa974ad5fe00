import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { poll } from "../../src/host/poll.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import { ownDevices, type OwnerKey, ownKeys, said } from "./device.ts";
import { slowingDown } from "./wait-for-device.ts";

/**
 * Deletes every device and key with our tags for that machine and waits until the devices are gone or being deleted; succeeds when there are
 * none. With `mayAppear` a device is looked up several times: an interrupted request may still be carried out. Rejects with DRIVER_LEFTOVERS,
 * naming what still exists, or the API's failure.
 */
export async function removeOwned(
  api: PacketApi,
  owner: OwnerKey,
  c: ApiContext,
  mayAppear = false,
): Promise<void> {
  const waits = mayAppear ? api.pacing.lostMs : [0];
  for (const wait of waits) {
    if (wait > 0) await sleep(wait, undefined, { signal: c.signal });
    const devices = await ownDevices(api, owner, c);
    for (const { id } of devices) await removeDevice(api, id, owner.machine, c);
    if (devices.length > 0) break;
  }
  // Not earlier: a device whose key is gone may be unreachable while it still exists.
  for (const { id } of await ownKeys(api, owner, c)) await api.deleteKey(id, c);
}

/** A device that is being provisioned may refuse to be deleted for a while. */
export async function removeDevice(
  api: PacketApi,
  id: string,
  machine: string,
  c: ApiContext,
): Promise<void> {
  let asked = false;
  let refusal = "";
  let last = "";
  const isGone = async (): Promise<true | undefined> => {
    const device = await api.device(id, c).catch((error: unknown) => {
      // A deleted object may answer 403 from then on.
      if (asked && error instanceof LocalkubeError && error.id === "PACKET_FORBIDDEN") return undefined;
      throw error;
    });
    if (!device || said(device) === "deleted") return true;
    last = said(device);
    if (last === "deprovisioning") asked = true;
    if (!asked)
      try {
        await api.deleteDevice(id, c);
        asked = true;
      } catch (error) {
        if (!(error instanceof LocalkubeError) || !worthAnotherTry.includes(error.id)) throw error;
        refusal = error.message;
        c.report({ message: `the device ${id} cannot be deleted yet` });
      }
    return undefined;
  };
  const pauses = { everyMs: slowingDown(api.pacing.pollMs), limitMs: api.pacing.removeMs };
  if (await poll(isGone, { signal: c.signal, ...pauses })) return;
  // The service has accepted the deletion; the device costs nothing any more.
  if (asked) return c.log(`the device ${id} is still ${last}`);
  const params = { driver: "packet", name: machine };
  throw new LocalkubeError("DRIVER_LEFTOVERS", params, { output: `device ${id}: ${refusal}` });
}

const worthAnotherTry = ["PACKET_REFUSED", "PACKET_SERVICE_FAILED", "PACKET_UNREACHABLE"];
