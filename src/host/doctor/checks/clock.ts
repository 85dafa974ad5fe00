import { stat } from "node:fs/promises";
import process from "node:process";
import { fail, ok, type HostCheck } from "../host-check.ts";

/** localkube did not exist before this date. */
const earliest = Date.UTC(2026, 0, 1);
const dayMs = 24 * 3600 * 1000;

export const clock: HostCheck = {
  id: "clock",
  title: "Clock",
  async run() {
    const installed = await stat(process.execPath).catch(() => undefined);
    return judgeClock(Date.now(), installed?.ctimeMs ?? 0);
  },
};

/** Certificates are dated by this clock: with a clock in the past they are already expired, with one in the future not yet valid. */
export function judgeClock(now: number, nodeInstalledAt: number) {
  const time = new Date(now).toISOString();
  const fix = "Set the clock, for instance by timedatectl set-ntp true";
  if (now < earliest) return fail(`it says ${time}, which is long past`, fix);
  if (nodeInstalledAt > now + dayMs)
    return fail(
      `it says ${time}, but Node.js was installed later (${new Date(nodeInstalledAt).toISOString()})`,
      fix,
    );
  return ok(time);
}
