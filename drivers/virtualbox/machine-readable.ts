/**
 * Reads `showvminfo --machinereadable` and `snapshot list --machinereadable`: `key=value` a line, keys and values in quotes or not. From 7.0
 * quotes and backslashes in values are escaped, before they stood as they are; a value may span lines (a description does). Of equal keys
 * the first counts, so that no text inside a description can stand for the state, which comes before it. Lines that are no entries
 * (warnings) are left out.
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

/** Old versions end a folder's name with a plain backslash; what follows then is the next entry. */
const closes = (text: string, next: string): boolean =>
  text.length > 1 && text.endsWith('"') && (!/(?<!\\)(?:\\\\)*\\"$/.test(text) || entryPattern.test(next));

const unescaped = (text: string): string => text.replace(/\\(["\\])/g, "$1");
