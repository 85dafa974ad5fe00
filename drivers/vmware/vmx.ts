import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";

/** A .vmx (and .vmsd) file: VMware's dictionary format. Names are case-insensitive; the last line of a name wins. */
export type Vmx = ReadonlyMap<string, { readonly name: string; readonly value: string }>;

/** What VMware itself escapes (open-vm-tools, lib/dict): quote, pipe, DEL and control characters except tab; never UTF-8's bytes. */
const escaped = /["|\u007f\u0000-\u0008\u000a-\u001f]/g;
const line = /^[ \t]*([^\s=#]+)[ \t]*=[ \t]*(?:"([^"]*)"|([^\s#"]*))[ \t]*(?:#.*)?$/;

/** Lines that are no entries (comments, the `#!` of Linux, partial lines) are skipped. CRLF is fine. */
export function parseVmx(text: string): Vmx {
  const entries = text.split(/\r?\n/).flatMap((one) => {
    const [, name, quoted, plain = ""] = line.exec(one) ?? [];
    return name === undefined
      ? []
      : [[name.toLowerCase(), { name, value: unescape(quoted ?? plain) }] as const];
  });
  return new Map(entries);
}

export const serializeVmx = (vmx: Vmx): string =>
  [...vmx.values()].map(({ name, value }) => `${name} = "${escape(value)}"\n`).join("");

export const valueOf = (vmx: Vmx, name: string): string => vmx.get(name.toLowerCase())?.value ?? "";

/** A copy with these values; undefined removes an entry. Entries keep their places. */
export function withValues(vmx: Vmx, changes: Readonly<Record<string, string | undefined>>): Vmx {
  const copy = new Map(vmx);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) copy.delete(name.toLowerCase());
    else copy.set(name.toLowerCase(), { name: copy.get(name.toLowerCase())?.name ?? name, value });
  }
  return copy;
}

const escape = (value: string): string =>
  value.replace(escaped, (one) => `|${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

/** An escape stands for one byte, so a character may take several. */
const unescape = (value: string): string =>
  value.replace(/(?:\|[0-9A-Fa-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll("|", ""), "hex").toString("utf8"),
  );

/** Undefined when there is none. */
export async function readVmx(file: string): Promise<Vmx | undefined> {
  try {
    return parseVmx(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** 0600: it contains the seed, and the seed contains the host key. */
export const writeVmx = (file: string, vmx: Vmx): Promise<void> =>
  writeFileAtomic(file, serializeVmx(vmx), { mode: 0o600 });

/** Only while the machine is off: VMware keeps a running one's settings in its memory and writes them back. */
export async function editVmx(
  file: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const vmx = await readVmx(file);
  if (vmx) await writeVmx(file, withValues(vmx, changes));
}
