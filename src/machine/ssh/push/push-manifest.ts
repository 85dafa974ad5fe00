import { createHash } from "node:crypto";
import { posix } from "node:path";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { PushEntry } from "../../../contract/transport.ts";

/** Largest file that a plain ustar header can describe, in bytes. */
const tarFileLimit = 0o77777777777;

/** A `PushEntry` with everything known about it. */
export interface DesiredFile {
  readonly path: string;
  readonly dir: string;
  readonly name: string;
  readonly mode: number;
  readonly user: string;
  readonly group: string;
  /** Hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly content:
    { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "file"; readonly file: string };
}

/** Checks a manifest before anything is sent; rejects with SSH_PUSH_REFUSED. */
export function pushManifest(entries: readonly PushEntry[]): DesiredFile[] {
  const seen = new Set<string>();
  return entries.map((entry) => {
    const problem = problemOf(entry) ?? (seen.has(entry.path) ? "it is listed twice" : undefined);
    if (problem !== undefined)
      throw new LocalkubeError("SSH_PUSH_REFUSED", { path: JSON.stringify(entry.path), problem });
    seen.add(entry.path);
    const [user = "", group = ""] = (entry.owner ?? "root:root").split(":");
    const { path, mode } = entry;
    return {
      path,
      mode,
      user,
      group,
      dir: posix.dirname(path),
      name: posix.basename(path),
      ...content(entry),
    };
  });
}

function content({ source }: PushEntry): Pick<DesiredFile, "sha256" | "size" | "content"> {
  if (source.kind === "file")
    return {
      sha256: source.sha256.toLowerCase(),
      size: source.size,
      content: { kind: "file", file: source.file },
    };
  const bytes = Buffer.from(source.text, "utf8");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { sha256, size: bytes.length, content: { kind: "bytes", bytes } };
}

function problemOf(entry: PushEntry): string | undefined {
  const { mode, owner, source } = entry;
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) return `the mode ${mode} is none`;
  if (owner !== undefined && !/^\w[\w.-]*:\w[\w.-]*$/.test(owner)) return `the owner ${owner} is none`;
  return pathProblem(entry.path) ?? (source.kind === "file" ? sourceProblem(source) : undefined);
}

function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed() || /[\0\n]/.test(path)) return "the path has a character that no line can carry";
  if (!path.startsWith("/")) return "the path is not absolute";
  // "//", "/./", "/../" and a "/" at the end would let one file have two names in the manifest.
  if (posix.normalize(path) !== path || path.endsWith("/")) return "the path is not in its plain form";
  return undefined;
}

function sourceProblem({
  sha256,
  size,
}: {
  readonly sha256: string;
  readonly size: number;
}): string | undefined {
  if (!/^[0-9a-f]{64}$/i.test(sha256)) return "its digest is none";
  if (!Number.isInteger(size) || size < 0 || size > tarFileLimit) return `the size ${size} is none`;
  return undefined;
}
