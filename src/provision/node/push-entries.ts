import { stringify } from "yaml";
import type { LocalFile } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";

export const textEntry = (path: string, text: string, mode = 0o644): PushEntry => ({
  path,
  mode,
  source: { kind: "text", text },
});

export const yamlEntry = (path: string, content: object, mode = 0o644): PushEntry =>
  textEntry(path, stringify(content), mode);

export const fileEntry = (path: string, { file, sha256, size }: LocalFile, mode = 0o644): PushEntry => ({
  path,
  mode,
  source: { kind: "file", file, sha256, size },
});
