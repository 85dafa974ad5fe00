import { randomBytes } from "node:crypto";
import type { KubeObject } from "../kube/api-client.ts";
import type { Objects } from "../kube/objects.ts";
import type { Addon } from "./definition.ts";
import { inventoryNamespace } from "./inventory.ts";
import type { OptionValues } from "./options.ts";

/** The secret options of an addon in a cluster. */
export interface AddonSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** What stands for them where no secret may be: the same until one of them changes. */
  readonly masks: Readonly<Record<string, string>>;
}

const revisionOf = "localkube.dev/revision";
const idOf = (name: string) => ({ group: "", kind: "Secret", namespace: inventoryNamespace, name });

/**
 * The secrets of an addon: those that were given, then those that the cluster keeps in the Secret of the addon's name, then new random ones (32 bytes). What is new is kept in the
 * cluster before it is used, and nowhere else; with `dryRun` nothing is kept. Idempotent. Rejects with API_REFUSED.
 */
export async function settleSecrets(
  { name, options }: Pick<Addon, "name" | "options">,
  given: OptionValues,
  objects: Objects,
  signal: AbortSignal,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<AddonSecrets> {
  const secrets = Object.entries(options).filter(([, { secret }]) => secret);
  if (secrets.length === 0) return { values: {}, masks: {} };
  const found = await objects.find(idOf(name), signal);
  const stored = decoded(found);
  const values = Object.fromEntries(
    secrets.map(([key, option]) => {
      const wanted = given[key];
      const isDefault = wanted === option.default;
      const value = isDefault ? (stored[key] ?? wanted) : wanted;
      return [key, String(value ?? stored[key] ?? randomBytes(32).toString("base64url"))] as const;
    }),
  );
  const isNew = Object.entries(values).some(([key, value]) => stored[key] !== value);
  const annotations = (found?.metadata["annotations"] ?? {}) as Readonly<Record<string, string>>;
  const revision = Number(annotations[revisionOf] ?? 0) + (isNew ? 1 : 0);
  if (isNew && !dryRun) await keep(name, values, revision, objects, signal);
  const masks = Object.keys(values).map((key) => [key, `the secret ${key}, revision ${revision}`] as const);
  return { values, masks: Object.fromEntries(masks) };
}

async function keep(
  name: string,
  values: Readonly<Record<string, string>>,
  revision: number,
  objects: Objects,
  signal: AbortSignal,
): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: inventoryNamespace } };
  await objects.apply(namespace, signal);
  const data = Object.entries(values).map(
    ([key, value]) => [key, Buffer.from(value).toString("base64")] as const,
  );
  const metadata = {
    ...{ name, namespace: inventoryNamespace },
    annotations: { [revisionOf]: String(revision) },
  };
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    type: "Opaque",
    data: Object.fromEntries(data),
  };
  await objects.apply(secret, signal);
}

function decoded(found: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = (found?.["data"] ?? {}) as Readonly<Record<string, string>>;
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]),
  );
}

/** The Secret that keeps those of an addon, as it can be applied again; undefined when there is none. Read-only. Rejects with API_REFUSED. */
export async function rememberSecrets(
  addon: string,
  objects: Objects,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const found = await objects.find(idOf(addon), signal);
  return found && objects.appliedPart(found);
}

/** Once nothing is left that they open. Idempotent. Rejects with API_REFUSED. */
export async function forgetSecrets(addon: string, objects: Objects, signal: AbortSignal): Promise<void> {
  const found = await objects.find(idOf(addon), signal);
  const uid = found?.metadata["uid"];
  if (typeof uid === "string") await objects.remove(idOf(addon), uid, signal);
}

/** How a user reads one, as a command. Pure. */
export const secretCommand = (profile: string, addon: string, option: string): string =>
  `localkube kubectl -p ${profile} -- get secret ${addon} -n ${inventoryNamespace} -o go-template='{{index .data "${option}" | base64decode}}'`;
