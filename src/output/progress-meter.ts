import type { Progress } from "../contract/host.ts";
import { formatBytes } from "./format.ts";

/** Turns one step's progress into a short text. Must receive every report, so that it can compute the rate. */
export type Meter = (progress: Progress, at: number) => string;

/** The rate covers the last seconds: an average since the start would hide that a download stalls. */
const windowMs = 3_000;

export function progressMeter(): Meter {
  let samples: { readonly at: number; readonly done: number }[] = [];
  return ({ message, done, total, unit }, at) => {
    const parts: string[] = message === undefined ? [] : [message];
    if (done !== undefined) {
      if (done < (samples.at(-1)?.done ?? 0)) samples = [];
      samples = [...samples.filter((sample) => at - sample.at <= windowMs), { at, done }];
      parts.push(amount(done, total, unit));
      const speed = unit === "bytes" ? rate(samples) : undefined;
      if (speed !== undefined) parts.push(`${formatBytes(speed)}/s`);
    }
    return parts.join(", ");
  };
}

function amount(done: number, total: number | undefined, unit: Progress["unit"]): string {
  const show = unit === "bytes" ? formatBytes : String;
  if (total === undefined) return show(done);
  const percent = total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : "";
  return `${show(done)} of ${show(total)}${percent}`;
}

/** Per second; undefined until there is half a second of data. */
function rate(samples: readonly { readonly at: number; readonly done: number }[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at - first.at < 500) return undefined;
  return ((last.done - first.done) / (last.at - first.at)) * 1000;
}
