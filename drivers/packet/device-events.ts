import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import type { Device, DeviceEvent } from "./api/shapes.ts";

const mostLines = 8;
const longestLine = 200;

const textOf = ({ interpolated, body, type }: DeviceEvent): string =>
  (interpolated || body || type || "").replace(/[\s\p{Cc}]+/gu, " ").slice(0, longestLine);

/**
 * Reports what happened to the device since the last check: the newest event as the step's progress, all of them in the log. Never rejects
 * because of the service.
 */
export async function reportEvents(
  api: PacketApi,
  device: Device,
  seen: Set<string>,
  c: ApiContext,
): Promise<void> {
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
