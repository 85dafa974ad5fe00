import { readFile } from "node:fs/promises";

export interface OsRelease {
  /** `debian`, `fedora`; empty where there is no os-release file. */
  readonly id: string;
  /** The distribution itself and those it is derived from, nearest first. */
  readonly family: readonly string[];
  /** "Debian GNU/Linux 12 (bookworm)" */
  readonly prettyName: string;
}

/** The distribution according to /etc/os-release. Never rejects. */
export async function osRelease(file = "/etc/os-release"): Promise<OsRelease> {
  return parseOsRelease(await readFile(file, "utf8").catch(() => ""));
}

export function parseOsRelease(text: string): OsRelease {
  const fields = new Map<string, string>();
  for (const [, key = "", value = ""] of text.matchAll(/^([A-Z_]+)=(.*)$/gm))
    fields.set(key, value.replace(/^(["'])(.*)\1$/, "$2"));
  const id = fields.get("ID") ?? "";
  const like = (fields.get("ID_LIKE") ?? "").split(/\s+/);
  return {
    id,
    family: [id, ...like].filter((name) => name !== ""),
    prettyName: fields.get("PRETTY_NAME") ?? (id || "an unknown system"),
  };
}
