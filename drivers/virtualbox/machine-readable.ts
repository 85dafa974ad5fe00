/**
 * Parses `showvminfo --machinereadable` and `snapshot list --machinereadable`: one `key=value` per line, keys and values quoted or not. From
 * 7.0 quotes and backslashes in values are escaped, before that they were not; a value may span lines (a description does). Of equal keys the
 * first counts, so that no text inside a description can pass for the state, which comes before it. Lines that are no entries (warnings) are
 * skipped.
 */
export function parseMachineReadable(output: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  const lines = output.replaceAll("\r", "").split("\n");
  let open: { readonly key: string; text: string } | undefined;
  for (const [i, line] of lines.entries()) {
    if (open) {
      open.text += `\n${line}`;
    } else {
      const begin = entryPattern.exec(line);
      if (!begin) continue;
      open = { key: begin[1] ?? begin[2] ?? "", text: line.slice(begin[0].length) };
    }
    const { key, text } = open;
    if (text.startsWith('"') && !closes(text, lines[i + 1] ?? "")) continue;
    if (!entries.has(key)) entries.set(key, text.startsWith('"') ? unescaped(text.slice(1, -1)) : text);
    open = undefined;
  }
  return entries;
}

const entryPattern = /^(?:"([^"=]+)"|([A-Za-z][^\s"=]*))=/;

/** Old versions end a folder's name with an unescaped backslash; what follows then is the next entry. */
const closes = (text: string, next: string): boolean =>
  text.length > 1 && text.endsWith('"') && (!/(?<!\\)(?:\\\\)*\\"$/.test(text) || entryPattern.test(next));

const unescaped = (text: string): string => text.replace(/\\(["\\])/g, "$1");
