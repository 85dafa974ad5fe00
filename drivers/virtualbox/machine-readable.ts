/**
 * Reads `showvminfo --machinereadable` and `snapshot list --machinereadable`: `key=value` a line, keys and values in quotes or not.
 * VirtualBox escapes nothing: a value may hold quotes, and one that spans lines (a description does) ends with the line that ends in a
 * quote. Of equal keys the first counts, so that no text inside a description can stand for the state, which comes before it. Lines that are
 * no entries (warnings) are left out.
 */
export function parseMachineReadable(output: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  let open: { readonly key: string; text: string } | undefined;
  for (const line of output.replaceAll("\r", "").split("\n")) {
    if (open) {
      open.text += `\n${line}`;
    } else {
      const begin = /^(?:"([^"=]+)"|([A-Za-z][^\s"=]*))=/.exec(line);
      if (!begin) continue;
      open = { key: begin[1] ?? begin[2] ?? "", text: line.slice(begin[0].length) };
    }
    const { key, text } = open;
    if (text.startsWith('"') && (text.length === 1 || !text.endsWith('"'))) continue;
    if (!entries.has(key)) entries.set(key, text.startsWith('"') ? text.slice(1, -1) : text);
    open = undefined;
  }
  return entries;
}
