import { poll } from "../../src/host/poll.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import type { Device, DeviceEvent } from "./api/shapes.ts";
import { machineStateOf, said } from "./device.ts";
import { PacketError } from "./errors.ts";

/** States that do not change by themselves any more. */
const final = ["running", "stopped", "broken", "absent", "unknown"];

/**
 * Polls the device until it settles in one of the `wanted` states, reporting its provisioning events as progress. Rejects with
 * PACKET_DEVICE_FAILED (with its last events) when it settles in another state or is gone, and with PACKET_DEVICE_LATE.
 */
export async function waitForDevice(
  api: PacketApi,
  { id, name }: { readonly id: string; readonly name: string },
  wanted: readonly ("running" | "stopped")[],
  timeoutMs: number,
  c: ApiContext,
): Promise<Device> {
  const seen = new Set<string>();
  let last = "";
  const settled = async (): Promise<Device | undefined> => {
    const device = await api.device(id, c);
    const state = machineStateOf(device);
    if (device && (wanted as readonly string[]).includes(state)) return device;
    if (!device || final.includes(state)) {
      const output = device ? await lastEvents(api, id, c) : "";
      throw new PacketError(
        "PACKET_DEVICE_FAILED",
        { name, id, state: device ? said(device) : "gone" },
        { output },
      );
    }
    last = said(device);
    await reportEvents(api, device, seen, c);
    return undefined;
  };
  const pauses = { everyMs: slowingDown(api.pacing.pollMs), limitMs: timeoutMs };
  const device = await poll(settled, { signal: c.signal, ...pauses });
  if (device) return device;
  throw new PacketError(
    "PACKET_DEVICE_LATE",
    { name, id, state: last, minutes: Math.round(timeoutMs / 60_000) },
    { output: await lastEvents(api, id, c) },
  );
}

/** The pauses one after the other, then the last one again and again. */
export function slowingDown(pauses: readonly number[]): () => number {
  let looks = 0;
  return () => pauses[Math.min(looks++, pauses.length - 1)] ?? 1000;
}

const mostLines = 8;
const longestLine = 200;

const textOf = ({ interpolated, body, type }: DeviceEvent): string =>
  (interpolated || body || type || "").replace(/[\s\p{Cc}]+/gu, " ").slice(0, longestLine);

/**
 * Reports what happened to the device since the last check: the newest event as the step's progress, all of them in the log. Never rejects
 * because of the service.
 */
async function reportEvents(api: PacketApi, device: Device, seen: Set<string>, c: ApiContext): Promise<void> {
  const events = await api.events(device.id, c).catch((error: unknown) => {
    c.signal.throwIfAborted();
    c.log(`no events: ${String(error)}`);
    return [];
  });
  const fresh = events.filter((event) => !seen.has(keyOf(event))).toReversed();
  for (const event of fresh) {
    seen.add(keyOf(event));
    c.log(`device ${device.id}: ${textOf(event)}`);
  }
  const [newest] = events;
  const percentage = device.provisioning_percentage;
  const share = percentage ? `${Math.round(percentage)} %` : (device.state ?? "");
  c.report({ message: newest ? `${share}: ${textOf(newest)}` : share });
}

/** The device's last events, oldest first, one per line; empty when they are not available. */
export async function lastEvents(api: PacketApi, id: string, c: ApiContext): Promise<string> {
  const events = await api.events(id, c).catch(() => []);
  c.signal.throwIfAborted();
  return events.slice(0, mostLines).map(textOf).toReversed().join("\n");
}

const keyOf = ({ id, type, created_at: at, body }: DeviceEvent): string =>
  id ?? JSON.stringify([type, at, body]);
