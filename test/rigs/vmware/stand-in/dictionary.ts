/** VMware's dictionary files, read strictly and apart from the driver's reader: what is not well-formed, or stands twice, is refused. */
export type Dictionary = Map<string, string>;

export function parseDictionary(text: string): Dictionary {
  const found: Dictionary = new Map();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const parts = /^([A-Za-z0-9.:_]+) = "([^"\r\n]*)"$/.exec(line);
    if (!parts) throw new Error(`line ${index + 1} is not well-formed`);
    const [, name = "", value = ""] = parts;
    if ([...found.keys()].some((other) => other.toLowerCase() === name.toLowerCase()))
      throw new Error(`${name} stands there twice`);
    found.set(name, decodeURIComponent(value.replaceAll("%", "%25").replace(/\|([0-9A-F]{2})/g, "%$1")));
  }
  return found;
}

/** As VMware writes it: with the line that makes it a program on Linux. */
export const formatDictionary = (values: Dictionary): string =>
  `#!/usr/bin/vmware\n${[...values].map(([name, value]) => `${name} = "${value}"\n`).join("")}`;
