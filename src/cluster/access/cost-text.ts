import type { MachineCost } from "../../contract/driver.ts";

const msPerHour = 3_600_000;

/** "0.83 USD an hour (c3.small.x86 in fr, billed hourly); about 3.32 USD since 2026-11-25 08:00". Pure. */
export function costText({ currency, perHour, atMost, since, note }: MachineCost, now = Date.now()): string {
  if (perHour === undefined) return `what was agreed (${note}); the provider reports no hourly price`;
  const rate = `${atMost ? "at most " : ""}${perHour} ${currency} an hour (${note})`;
  const from = since === undefined ? NaN : Date.parse(since);
  if (Number.isNaN(from)) return rate;
  const sum = (Math.max(0, now - from) / msPerHour) * perHour;
  const at = new Date(from).toISOString().replace("T", " ").slice(0, 16);
  return `${rate}; ${atMost ? "at most" : "about"} ${sum.toFixed(2)} ${currency} since ${at} UTC`;
}
