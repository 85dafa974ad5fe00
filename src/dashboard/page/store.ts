import type { Change, Hello, Part, Parts } from "../rows.ts";

/** What the server has told so far. Whoever shows it asks again after each `onChange`. */
export class Store {
  /** Undefined until the server has said hello. */
  write: boolean | undefined;
  /** Whether the server is connected now: else this is what was last known. */
  live = false;
  /** The last thing worth being read out. */
  news = "";
  readonly #rows = new Map<string, Map<string, Parts[Part]>>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  hello({ write, changes }: Hello): void {
    this.#rows.clear();
    this.write = write;
    this.live = true;
    for (const change of changes) this.#apply(change);
    this.#onChange();
  }

  change(changes: readonly Change[]): void {
    for (const change of changes) {
      const before = this.#rows.get(keyOf(change))?.get(change.id);
      this.#apply(change);
      this.news = newsOf(change, before) ?? this.news;
    }
    this.#onChange();
  }

  lost(): void {
    if (!this.live) return;
    this.live = false;
    this.#onChange();
  }

  rows<P extends Part>(cluster: string, part: P): ReadonlyMap<string, Parts[P]> {
    return (this.#rows.get(keyOf({ cluster, part })) ?? new Map()) as ReadonlyMap<string, Parts[P]>;
  }

  one<P extends Part>(cluster: string, part: P, id: string): Parts[P] | undefined {
    return this.rows(cluster, part).get(id);
  }

  clusters(): readonly string[] {
    const names = [...this.#rows.keys()].map((key) => JSON.parse(key) as [string, Part]);
    return names
      .filter(([, part]) => part === "cluster")
      .map(([name]) => name)
      .sort();
  }

  #apply({ cluster, part, id, row }: Change): void {
    const key = keyOf({ cluster, part });
    const rows = this.#rows.get(key) ?? new Map<string, Parts[Part]>();
    if (row === null) rows.delete(id);
    else rows.set(id, row);
    if (rows.size === 0) this.#rows.delete(key);
    else this.#rows.set(key, rows);
  }
}

const keyOf = ({ cluster, part }: Pick<Change, "cluster" | "part">): string =>
  JSON.stringify([cluster, part]);

/** What somebody who does not see the page wants to hear of: little. */
function newsOf({ cluster, part, id, row }: Change, before: Parts[Part] | undefined): string | undefined {
  if (part === "cluster") {
    if (row === null) return `${cluster} is gone`;
    const { state } = row as Parts["cluster"];
    return (before as Parts["cluster"] | undefined)?.state === state ? undefined : `${cluster} is ${state}`;
  }
  if (part === "work" && row !== null) {
    const { state, text } = row as Parts["work"];
    return state === "running" ? undefined : `${id}: ${text}`;
  }
  if (part === "pod" && row !== null) {
    const { tone, name, state } = row as Parts["pod"];
    return tone === "bad" && (before as Parts["pod"] | undefined)?.state !== state
      ? `${name}: ${state}`
      : undefined;
  }
  return undefined;
}
