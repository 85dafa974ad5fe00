import { isMap, isScalar, isSeq } from "yaml";

/** Nodes of a YAML document as JSON text, with the indentation and the last line break of `like`. Numbers and booleans keep their spelling. */
export function jsonText(node: unknown, like: string): string {
  const indent = /\n([ \t]+)\S/.exec(like)?.[1] ?? "";
  return write(node, like.includes("\n") ? indent : undefined, "\n") + (like.endsWith("\n") ? "\n" : "");
}

/** Without indentation everything is on one line. */
function write(node: unknown, indent: string | undefined, lineBreak: string): string {
  const inner = lineBreak + (indent ?? "");
  const enclose = (open: string, items: readonly string[], close: string): string => {
    if (items.length === 0) return open + close;
    if (indent === undefined) return `${open}${items.join(", ")}${close}`;
    return `${open}${inner}${items.join(`,${inner}`)}${lineBreak}${close}`;
  };
  if (isMap(node)) {
    const items = node.items.map(({ key, value }) => {
      const name = isScalar(key) ? key.value : key;
      return `${JSON.stringify(String(name))}: ${write(value, indent, inner)}`;
    });
    return enclose("{", items, "}");
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => write(item, indent, inner));
    return enclose("[", items, "]");
  }
  if (!isScalar(node) || typeof node.value !== "string") return "null";
  // Whatever was unquoted in JSON is a number or a boolean, though it was read as text.
  return node.type === "PLAIN" ? node.value : JSON.stringify(node.value);
}
