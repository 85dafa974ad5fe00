import type { StartBar, StartRow } from "../rows.ts";
import { Nothing } from "./parts.tsx";

/** The waterfall of the last start: when each step began and how long it took. */
export function Start({ start, now }: { readonly start: StartRow | undefined; readonly now: number }) {
  if (!start) return <Nothing>Nothing is known of a start of this cluster.</Nothing>;
  const endOf = (bar: StartBar): number =>
    bar.startMs + (bar.durationMs ?? (bar.outcome === "running" ? now - start.at - bar.startMs : 0));
  const total = Math.max(1, start.durationMs ?? 0, ...start.bars.map(endOf));
  return (
    <>
      <p class="hint">
        {new Date(start.at).toLocaleString()}: {outcomes[start.outcome]}
        {start.durationMs === undefined ? "" : ` in ${seconds(start.durationMs)}`}
      </p>
      <div class="table waterfall">
        <table>
          <caption class="hidden">Steps of the last start</caption>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">
                <span class="hidden">When</span>
              </th>
              <th scope="col" class="number">
                Time
              </th>
            </tr>
          </thead>
          <tbody>
            {start.bars.map((bar) => (
              <tr key={bar.id}>
                <th scope="row">{bar.title}</th>
                <td class="track">
                  <span
                    class={`bar ${bar.outcome}`}
                    title={`${seconds(bar.startMs)} after the beginning: ${bar.outcome}`}
                    style={{
                      marginLeft: `${(bar.startMs / total) * 100}%`,
                      width: `${((endOf(bar) - bar.startMs) / total) * 100}%`,
                    }}
                  />
                </td>
                <td class="number">{bar.durationMs === undefined ? bar.outcome : seconds(bar.durationMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const outcomes: Readonly<Record<StartRow["outcome"], string>> = {
  done: "done",
  failed: "failed",
  interrupted: "interrupted",
  running: "going on",
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
