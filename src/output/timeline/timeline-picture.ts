import type { TimelineBar } from "./timeline-bars.ts";

const row = 24;
const labels = 300;
const width = 1100;
const colours: Readonly<Record<TimelineBar["outcome"], string>> = {
  done: "#2f6fbb",
  unchanged: "#9db4cc",
  failed: "#c0392b",
};

/** A waterfall chart: one row per step, time from left to right, with seconds at each bar. */
export function timelineSvg(bars: readonly TimelineBar[]): string {
  const total = Math.max(1, ...bars.map(({ startMs, durationMs }) => startMs + durationMs));
  const scale = (width - labels - 90) / total;
  const rows = bars.map((bar, index) => {
    const y = index * row + 30;
    const x = labels + bar.startMs * scale;
    const length = Math.max(2, bar.durationMs * scale);
    return [
      `<text x="8" y="${y + 15}">${escape(bar.title)}</text>`,
      `<rect x="${x.toFixed(1)}" y="${y + 3}" width="${length.toFixed(1)}" height="${row - 6}" rx="3" fill="${colours[bar.outcome]}"/>`,
      `<text x="${(x + length + 6).toFixed(1)}" y="${y + 15}" fill="#555">${(bar.durationMs / 1000).toFixed(2)} s</text>`,
    ].join("\n");
  });
  const height = bars.length * row + 44;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`;
  return [
    head,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="18" font-weight="bold">${(total / 1000).toFixed(1)} s in all</text>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

export const timelineHtml = (bars: readonly TimelineBar[]): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>localkube start</title></head><body>\n${timelineSvg(bars)}</body></html>\n`;

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
