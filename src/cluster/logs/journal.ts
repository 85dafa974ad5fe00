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

/** What the last run in a profile's journal did, one readable line per event; empty when there was none. A truncated last line is dropped. */
export function journalLines(text: string): readonly string[] {
  const entries = text.split("\n").flatMap(parse);
  const begin = entries.findLastIndex(({ type }) => type === "run-started");
  const titles = new Map<string, string>();
  return entries.slice(Math.max(begin, 0)).flatMap((entry) => {
    if (entry.id !== undefined && entry.title !== undefined) titles.set(entry.id, entry.title);
    const sentence = sentences[entry.type]?.(entry, titles.get(entry.id ?? "") ?? entry.id ?? "");
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

/** The text for each kind of event; kinds that are not listed are left out. */
const sentences: Readonly<Record<string, (entry: JournalEntry, title: string) => string>> = {
  "run-started": ({ command = "" }) => `localkube ${command} begins`,
  "step-started": (_, title) => `${title} …`,
  "step-finished": (entry, title) => `${title}: ${entry.outcome ?? "done"}${took(entry)}`,
  "step-failed": (entry, title) => `${title}: failed${took(entry)}: ${failure(entry)}`,
  notice: ({ level, text = "" }) => `${level === "warning" ? "warning: " : ""}${text}`,
  "run-finished": (entry) => `localkube ends: ${entry.outcome ?? ""}${took(entry)}`,
};

const took = ({ durationMs }: JournalEntry): string =>
  durationMs === undefined ? "" : ` (${(durationMs / 1000).toFixed(1)} s)`;
const failure = ({ error }: JournalEntry): string => `${error?.id ?? "error"}: ${error?.message ?? ""}`;
