import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { isMap, isPair, isScalar, type Document, type Node } from "yaml";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { didYouMean } from "../host/nearest-word.ts";
import { readUserYaml, type UserYaml } from "../host/user-yaml.ts";
import { valueAt, type AnyField, type FieldTable, type LayerOf, type SpecSurroundings } from "./field.ts";
import { specFields } from "./fields.ts";
import { clusterFileSchema, knownKeys } from "./schemas.ts";

/**
 * The values requested by a `localkube.yaml`. Paths in it are relative to its folder. Rejects with CONFIG_FILE_UNREADABLE or, naming line
 * and column, CONFIG_FILE_INVALID.
 */
export async function readClusterFile<T extends FieldTable = typeof specFields>(
  file: string,
  surroundings: Pick<SpecSurroundings, "driverOptions">,
  fields: T = specFields as unknown as T,
): Promise<LayerOf<T>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new LocalkubeError("CONFIG_FILE_UNREADABLE", { file, problem }, { cause });
  }
  const content = parseClusterFile(file, text, fields);
  const folder = dirname(resolve(file));
  const layer = Object.entries<AnyField>(fields).flatMap(([name, { file: keys, inFolder }]) => {
    const value = Object.keys(keys)
      .map((path) => valueAt(content, path))
      .find((found) => found !== undefined);
    if (value === undefined) return [];
    return [[name, inFolder ? inFolder(value, folder, surroundings) : value] as const];
  });
  return Object.fromEntries(layer) as LayerOf<T>;
}

function parseClusterFile(file: string, text: string, fields: FieldTable): unknown {
  const yaml = readUserYaml(
    text,
    (problem, line, column) => new LocalkubeError("CONFIG_FILE_INVALID", { file, line, column, problem }),
  );
  const invalid = (offset: number, problem: string) =>
    new LocalkubeError("CONFIG_FILE_INVALID", { file, ...yaml.at(offset), problem });
  const [document] = yaml.documents;
  if (!isMap(document.contents))
    throw invalid(0, "the file must be a mapping that begins with 'apiVersion: localkube/v1'");
  const parsed = v.safeParse(clusterFileSchema(fields), yaml.values()[0]);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map(({ key }) => key);
  throw invalid(
    offsetOf(document, yaml.resolve, path, issue.type === "strict_object"),
    problemOf(issue, path, fields),
  );
}

function problemOf(issue: v.BaseIssue<unknown>, path: readonly unknown[], fields: FieldTable): string {
  const at = path.map(String).join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    const parent = v.getDotPath(issue)?.split(".").slice(0, -1).join(".") ?? "";
    const where = parent === "" ? "" : ` in ${parent}`;
    return `there is no field '${String(path.at(-1))}'${where}${didYouMean(String(path.at(-1)), knownKeys(fields, path.slice(0, -1)))}`;
  }
  if (issue.type === "strict_object" || issue.received === "undefined") return `the field ${at} is missing`;
  return `${at} must be ${issue.expected ?? "something else"}, not ${issue.received}`;
}

/** The position of a field: its key when the field is not allowed, else its value; its nearest ancestor when it is missing. */
function offsetOf(
  document: Document.Parsed,
  resolve: UserYaml["resolve"],
  path: readonly unknown[],
  wantKey: boolean,
): number {
  let node: Node | null = document.contents;
  for (const [depth, key] of path.entries()) {
    node = resolve(node);
    if (!isMap(node)) {
      const item = node && "items" in node ? node.items[Number(key)] : undefined;
      node = (isPair(item) ? null : (item as Node | undefined)) ?? node;
      continue;
    }
    const pair = node.items.find((candidate) => isScalar(candidate.key) && candidate.key.value === key);
    if (!pair) break;
    const isLast = depth === path.length - 1;
    node = ((isLast && wantKey ? pair.key : pair.value) as Node | null) ?? (pair.key as Node);
  }
  return node?.range?.[0] ?? 0;
}
