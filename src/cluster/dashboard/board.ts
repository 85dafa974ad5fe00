import type { Change, Part, Parts } from "../../dashboard/rows.ts";

type Listener = (changes: readonly Change[]) => void;

/** Changes that come together are told together, and soon enough to be seen at once. */
const togetherMs = 60;

/** Everything that the page shows, as rows; whoever listens is told what changes. */
export class Board {
  readonly #rows = new Map<string, { readonly change: Change; readonly text: string }>();
  readonly #listeners = new Set<Listener>();
  readonly #untold = new Map<string, Change>();
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** A row like the one that is there is no change. */
  set<P extends Part>(cluster: string, part: P, id: string, row: Parts[P]): void {
    const text = JSON.stringify(row);
    const key = keyOf(cluster, part, id);
    if (this.#rows.get(key)?.text === text) return;
    const change: Change = { cluster, part, id, row };
    this.#rows.set(key, { change, text });
    this.#tell(key, change);
  }

  remove(cluster: string, part: Part, id: string): void {
    const key = keyOf(cluster, part, id);
    if (this.#rows.delete(key)) this.#tell(key, { cluster, part, id, row: null });
  }

  /** Makes these rows all that there are of a part. */
  replace<P extends Part>(cluster: string, part: P, rows: ReadonlyMap<string, Parts[P]>): void {
    for (const { change } of [...this.#rows.values()])
      if (change.cluster === cluster && change.part === part && !rows.has(change.id))
        this.remove(cluster, part, change.id);
    for (const [id, row] of rows) this.set(cluster, part, id, row);
  }

  /** Removes everything of a cluster, or what it has of some parts. */
  clear(cluster: string, parts?: readonly Part[]): void {
    for (const { change } of [...this.#rows.values()])
      if (change.cluster === cluster && (parts === undefined || parts.includes(change.part)))
        this.remove(cluster, change.part, change.id);
  }

  get<P extends Part>(cluster: string, part: P, id: string): Parts[P] | undefined {
    return this.#rows.get(keyOf(cluster, part, id))?.change.row as Parts[P] | undefined;
  }

  all(): readonly Change[] {
    return [...this.#rows.values()].map(({ change }) => change);
  }

  /** Calls `listener` with each change after what `all` returns now, until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#flush();
    this.#listeners.add(listener);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves as soon as somebody listens, so that nobody works for nobody. Rejects with the signal's reason. */
  async watched(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#listeners.size > 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.add(resolve);
    await promise.finally(() => {
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", abort);
    });
  }

  /** Nothing is told afterwards. */
  close(): void {
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #tell(key: string, change: Change): void {
    if (this.#listeners.size === 0) return;
    this.#untold.set(key, change);
    this.#timer ??= setTimeout(() => this.#flush(), togetherMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#untold.size === 0) return;
    const changes = [...this.#untold.values()];
    this.#untold.clear();
    for (const listener of this.#listeners) listener(changes);
  }
}

const keyOf = (cluster: string, part: Part, id: string): string => JSON.stringify([cluster, part, id]);
