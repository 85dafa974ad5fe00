import type { ComponentChildren } from "preact";
import type { ClusterState, Tone } from "../rows.ts";

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const clusterTones: Readonly<Record<ClusterState, Tone>> = {
  running: "good",
  starting: "busy",
  unreachable: "bad",
  paused: "done",
  suspended: "done",
  stopped: "done",
  deleting: "busy",
  broken: "bad",
  unreadable: "bad",
};

export const clusterTone = (state: ClusterState): Tone => clusterTones[state];

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
] as const;

/** "3d", "5h", "7m", "12s" */
export function Age({ at, now }: { readonly at: number; readonly now: number }) {
  if (at === 0) return <>–</>;
  const ms = Math.max(0, now - at);
  const unit = units.find(([, size]) => ms >= size);
  const text = unit ? `${Math.floor(ms / unit[1])}${unit[0]}` : `${Math.floor(ms / 1000)}s`;
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
      {text}
    </time>
  );
}

export interface Column {
  readonly title: string;
  /** Left out where there is little room. */
  readonly wide?: boolean;
  readonly number?: boolean;
}

const cellClass = ({ wide, number }: Column): string =>
  [wide ? "wide" : "", number ? "number" : ""].filter(Boolean).join(" ");

/** A table with a caption; `children` are its rows. */
export function Table({
  caption,
  columns,
  children,
}: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="table">
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={cellClass(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="nothing">{children}</p>;
}
