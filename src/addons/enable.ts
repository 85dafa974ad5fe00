import { createHash } from "node:crypto";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { poll } from "../host/poll.ts";
import type { KubeObject } from "../kube/api-client.ts";
import type { Applied, Objects } from "../kube/objects.ts";
import { type Inventory, isSame, labelled, type Member, memberOf, surplus, union } from "./inventory.ts";
import { loadInventory, saveInventory } from "./inventory-store.ts";
import { prune } from "./prune.ts";
import { inWaves, type WaveName } from "./waves.ts";

/** All that is decided of an addon before anything is done. */
export interface AddonPlan {
  readonly name: string;
  readonly version: string;
  /** As recorded: texts, without secrets. */
  readonly options: Readonly<Record<string, string>>;
  /** Rendered. */
  readonly objects: readonly KubeObject[];
  /** The same without its secrets, where it has some: what the hash is over, which anybody may read. */
  readonly masked?: readonly KubeObject[];
}

export interface EnableContext {
  readonly objects: Objects;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
  /** Resolves when everything that the row names is there; rejects with why it is not. */
  readonly wait: () => Promise<void>;
  /** Resolves with what it saw; rejects with why the addon does not work. Absent where something else sees that. */
  readonly probe?: (() => Promise<string>) | undefined;
}

export interface Enabled {
  readonly outcome: "unchanged" | "enabled";
  /** Objects of an earlier version that stay because they may hold data, as sentences. */
  readonly kept: readonly string[];
}

/** Waves whose objects are served or checked by pods that have just been started. */
const late: readonly WaveName[] = ["hooks", "resources"];
const lateMs = 60_000;

/** Over everything that is applied: the same hash needs no apply. Pure. */
const planHash = ({ version, objects, masked = objects }: AddonPlan): string =>
  createHash("sha256")
    .update(JSON.stringify([version, masked]))
    .digest("hex");

/**
 * Makes the cluster have what the plan says and nothing that an earlier plan of this addon said, then sees it work. What may be there is on record before it
 * is; whoever is killed in the middle leaves an inventory from which the next call goes on. Idempotent: a plan that is in force is not applied again
 * unless its last probe failed or an object of it is gone, so what a user has changed stays. Rejects with API_REFUSED, API_KIND_UNKNOWN, or as `wait` and `probe` do; then everything applied stays, for inspection.
 */
export async function enableAddon(plan: AddonPlan, context: EnableContext): Promise<Enabled> {
  const { objects, signal, report } = context;
  const { name, version, options } = plan;
  const before = await loadInventory(objects, name, signal);
  const hash = planHash(plan);
  if (before && (await isInForce(plan, before, { objects, signal, isProbed: context.probe !== undefined })))
    return { outcome: "unchanged", kept: [] };
  const wanted = plan.objects.map((object) => labelled(object, name));
  const recorded = before?.members ?? [];
  const applied: Member[] = [];
  const save = (members: readonly Member[], more: Partial<Inventory> = {}): Promise<void> =>
    saveInventory(
      objects,
      name,
      {
        schema: 1,
        phase: "enabling",
        version,
        hash,
        options: { ...options },
        members: [...members],
        ...more,
      },
      { signal, isFirst: before === undefined },
    );
  await save(union(recorded, wanted.map(memberOf)));
  for (const { wave, objects: part } of inWaves(wanted)) {
    report(`applying ${wave}`);
    for (const object of part) applied.push(memberOf((await applyWhenServed(object, wave, context)).object));
    if (wave === "definitions") await established(part, context);
  }
  const kept = await prune(surplus(recorded, applied), {
    addon: name,
    purge: false,
    // A record may name an object otherwise than the server does, without its namespace for instance.
    except: new Set(applied.flatMap(({ uid }) => uid ?? [])),
    ...{ objects, signal, report },
  });
  const members = [...applied, ...kept.map(({ member }) => member)];
  if (!context.probe) {
    await save(members, { phase: "enabled" });
    return { outcome: "enabled", kept: kept.map(({ why }) => why) };
  }
  await save(members);
  report("waiting for it");
  await context.wait();
  report("seeing whether it works");
  const begun = performance.now();
  const seen = (passed: boolean, detail: string): Inventory["probe"] => ({
    passed,
    detail,
    at: new Date().toISOString(),
    milliseconds: Math.round(performance.now() - begun),
  });
  try {
    const detail = await context.probe();
    await save(members, { phase: "enabled", probe: seen(true, detail) });
  } catch (error) {
    if (error instanceof LocalkubeError)
      await save(members, { phase: "enabled", probe: seen(false, error.message) });
    throw error;
  }
  return { outcome: "enabled", kept: kept.map(({ why }) => why) };
}

/**
 * Whether nothing has to be done for a plan: what is on record is of the same plan, and all there, and the last probe, if there was one, has passed. `isProbed`: there has to be one.
 * Read-only.
 */
export async function isInForce(
  plan: AddonPlan,
  { hash, phase, probe, members }: Inventory,
  { objects, signal, isProbed }: Pick<EnableContext, "objects" | "signal"> & { readonly isProbed: boolean },
): Promise<boolean> {
  if (hash !== planHash(plan) || phase !== "enabled") return false;
  if (isProbed ? !probe?.passed : probe?.passed === false) return false;
  const found = await Promise.all(members.map((member) => objects.find(member, signal)));
  return members.every((member, index) => found[index] && isSame(found[index], member, plan.name));
}

/** Webhooks and kinds of its own are served by pods that have just been started: their refusals are not the last word. */
async function applyWhenServed(
  object: KubeObject,
  wave: WaveName,
  { objects, signal }: Pick<EnableContext, "objects" | "signal">,
): Promise<Applied> {
  if (!late.includes(wave)) return objects.apply(object, signal);
  let refusal: unknown;
  const found = await poll(
    async () => {
      try {
        return await objects.apply(object, signal);
      } catch (error) {
        if (!mayPass(error)) throw error;
        refusal = error;
        objects.forget();
        return undefined;
      }
    },
    { signal, everyMs: 500, limitMs: lateMs },
  );
  if (found === undefined) throw refusal;
  return found;
}

const mayPass = (error: unknown): boolean =>
  error instanceof LocalkubeError &&
  (error.id === "API_KIND_UNKNOWN" ||
    (error.id === "API_REFUSED" && /failed calling webhook|no endpoints available/.test(error.output ?? "")));

/** Their kinds are served from then on. */
async function established(
  definitions: readonly KubeObject[],
  { objects, signal }: Pick<EnableContext, "objects" | "signal">,
): Promise<void> {
  for (const definition of definitions) {
    const isServed = async (): Promise<true | undefined> => {
      const found = await objects.find(memberOf(definition), signal);
      const { conditions = [] } = (found?.["status"] ?? {}) as {
        conditions?: readonly { readonly type: string; readonly status: string }[];
      };
      return conditions.some(({ type, status }) => type === "Established" && status === "True") || undefined;
    };
    if (!(await poll(isServed, { signal, everyMs: 200, limitMs: lateMs })))
      throw new LocalkubeError("API_KIND_UNKNOWN", {
        apiVersion: definition.apiVersion,
        kind: definition.kind,
        name: definition.metadata.name,
      });
  }
  objects.forget();
}
