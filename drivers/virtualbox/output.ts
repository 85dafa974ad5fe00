/**
 * Parses `list hostonlyifs`, `list hdds` and the like: blocks of `Key: value` lines separated by empty lines. A block begins with the given
 * key (`Name`, `UUID`), so that warnings VBoxManage prints first are not taken for a block.
 */
export function parseBlocks(output: string, firstKey: string): readonly ReadonlyMap<string, string>[] {
  const blocks: Map<string, string>[] = [];
  for (const line of output.replaceAll("\r", "").split("\n")) {
    const [, key, value = ""] = /^([A-Za-z][\w .]*?):\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    if (key === firstKey) blocks.push(new Map());
    const block = blocks.at(-1);
    if (block && !block.has(key)) block.set(key, value.trim());
  }
  return blocks;
}

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
