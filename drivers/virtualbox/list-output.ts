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
