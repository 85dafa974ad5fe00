import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { isMap, isPair, isScalar, type Document, type Node } from "yaml";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { readUserYaml, type UserYaml } from "../../host/user-yaml.ts";
import { imageFromFolder, isAddress } from "./parse-image.ts";
import { driverOptions } from "../../machine/driver-options.ts";
import type { DriverOptionValues } from "./parse-driver-options.ts";
import { clusterFileSchema, type ClusterFile } from "./cluster-file-schema.ts";
import type { SpecLayer } from "./spec-layer.ts";

/**
 * The values requested by a `localkube.yaml`. Paths in it are relative to its folder. Rejects with CONFIG_FILE_UNREADABLE or, naming line
 * and column, CONFIG_FILE_INVALID.
 */
export async function readClusterFile(file: string): Promise<SpecLayer> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new LocalkubeError("CONFIG_FILE_UNREADABLE", { file, problem }, { cause });
  }
  return layerFromFile(parseClusterFile(file, text), dirname(resolve(file)));
}

function parseClusterFile(file: string, text: string): ClusterFile {
  const yaml = readUserYaml(
    text,
    (problem, line, column) => new LocalkubeError("CONFIG_FILE_INVALID", { file, line, column, problem }),
  );
  const invalid = (offset: number, problem: string) =>
    new LocalkubeError("CONFIG_FILE_INVALID", { file, ...yaml.at(offset), problem });
  const [document] = yaml.documents;
  if (!isMap(document.contents))
    throw invalid(0, "the file must be a mapping that begins with 'apiVersion: localkube/v1'");
  const parsed = v.safeParse(clusterFileSchema, yaml.values()[0]);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map(({ key }) => key);
  throw invalid(
    offsetOf(document, yaml.resolve, path, issue.type === "strict_object"),
    problemOf(issue, path),
  );
}

function problemOf(issue: v.BaseIssue<unknown>, path: readonly unknown[]): string {
  const at = path.map(String).join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    const parent = v.getDotPath(issue)?.split(".").slice(0, -1).join(".") ?? "";
    const where = parent === "" ? "" : ` in ${parent}`;
    return `there is no field '${String(path.at(-1))}'${where}${didYouMean(String(path.at(-1)), knownFields(path))}`;
  }
  if (issue.type === "strict_object" || issue.received === "undefined") return `the field ${at} is missing`;
  return `${at} must be ${issue.expected ?? "something else"}, not ${issue.received}`;
}

function knownFields(path: readonly unknown[]): readonly string[] {
  const entries = clusterFileSchema.entries;
  if (path.length === 1) return Object.keys(entries);
  const nested = path[0] === "extraConfig" || path[0] === "apiServer" ? entries[path[0]].wrapped : undefined;
  return nested ? Object.keys(nested.entries) : [];
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

/** Paths in driver options are relative to the file's folder, like its other paths. */
function besideFile(options: DriverOptionValues, folder: string): DriverOptionValues {
  const files = new Set(
    Object.values(driverOptions).flatMap((list) => list.filter(({ file }) => file).map(({ name }) => name)),
  );
  const absolute = ([name, value]: [string, DriverOptionValues[string]]) =>
    [name, files.has(name) && value !== "" ? resolve(folder, String(value)) : value] as const;
  return Object.fromEntries(Object.entries(options).map(absolute));
}

function layerFromFile(content: ClusterFile, folder: string): SpecLayer {
  const { apiServer, memoryMiB, diskGiB, waitTimeoutSeconds, mirror, image, cni } = content;
  const layer = {
    name: content.name,
    driver: content.driver,
    driverOptions: content.driverOptions && besideFile(content.driverOptions, folder),
    runtime: content.runtime,
    kubernetesVersion: content.kubernetesVersion,
    artifacts: content.artifacts,
    mirror: mirror && !isAddress(mirror) ? resolve(folder, mirror) : mirror,
    cpus: content.cpus,
    memory: content.memory ?? memoryMiB,
    diskSize: content.diskSize ?? diskGiB,
    os: content.os,
    image: image === undefined ? image : imageFromFolder(image, folder),
    cni: cni && !["bridge", "none"].includes(cni) ? resolve(folder, cni) : cni,
    serviceCidr: content.serviceCidr,
    podCidr: content.podCidr,
    extraConfig: content.extraConfig,
    featureGates: content.featureGates,
    apiserverNames: apiServer?.names,
    apiserverIps: apiServer?.ips,
    apiserverPort: apiServer?.port,
    apiOverSsh: apiServer?.overSsh,
    wait: content.wait,
    waitTimeout: content.waitTimeout ?? waitTimeoutSeconds,
    keepContext: content.keepContext,
    embedCerts: content.embedCerts,
  };
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));
}
