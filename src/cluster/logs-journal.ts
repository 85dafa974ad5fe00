/** One line of `journal.jsonl` as `pipeline/journal.ts` writes it. */
interface JournalEntry {
  readonly type: string;
  readonly at: number;
  readonly command?: string;
  readonly id?: string;
  readonly title?: string;
  readonly text?: string;
  readonly level?: string;
  readonly outcome?: string;
  readonly durationMs?: number;
  readonly error?: { readonly id?: string; readonly message?: string };
}

/** What the last run in a profile's journal did, one readable line an event; empty when there was none. A torn last line is left out. */
export function journalLines(text: string): readonly string[] {
  const entries = text.split("\n").flatMap(parse);
  const begin = entries.findLastIndex(({ type }) => type === "run-started");
  const titles = new Map<string, string>();
  return entries.slice(Math.max(begin, 0)).flatMap((entry) => {
    if (entry.id !== undefined && entry.title !== undefined) titles.set(entry.id, entry.title);
    const sentence = describe(entry, titles.get(entry.id ?? "") ?? entry.id ?? "");
    return sentence === undefined ? [] : [`${new Date(entry.at).toISOString()} ${sentence}`];
  });
}

function parse(line: string): JournalEntry[] {
  try {
    const entry: unknown = JSON.parse(line);
    const isEntry = typeof entry === "object" && entry !== null && "type" in entry && "at" in entry;
    return isEntry && typeof entry.at === "number" ? [entry as JournalEntry] : [];
  } catch {
    return [];
  }
}

function describe(entry: JournalEntry, title: string): string | undefined {
  const took = entry.durationMs === undefined ? "" : ` (${(entry.durationMs / 1000).toFixed(1)} s)`;
  switch (entry.type) {
    case "run-started":
      return `localkube ${entry.command ?? ""} begins`;
    case "step-started":
      return `${title} …`;
    case "step-finished":
      return `${title}: ${entry.outcome ?? "done"}${took}`;
    case "step-failed":
      return `${title}: failed${took}: ${entry.error?.id ?? "error"}: ${entry.error?.message ?? ""}`;
    case "notice":
      return `${entry.level === "warning" ? "warning: " : ""}${entry.text ?? ""}`;
    case "run-finished":
      return `localkube ends: ${entry.outcome ?? ""}${took}`;
    default:
      return undefined;
  }
}
