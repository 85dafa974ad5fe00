import type { AddonProbe, ApiQuestion, OnlyOne } from "../definition.ts";
import { type ProbeContext, whenRight } from "./context.ts";

/** Rejects with ADDON_PROBE_FAILED. Read-only. */
export function askService(
  { service, port, path, scheme, contains, namespace }: Extract<AddonProbe, { type: "http" }>,
  context: ProbeContext,
): Promise<string> {
  const place = namespace ?? context.namespace;
  // How the API server is told to speak TLS with the Service.
  const target = scheme === "https" ? `https:${service}:${port}` : `${service}:${port}`;
  const url = `/api/v1/namespaces/${place}/services/${target}/proxy${path}`;
  return whenRight(async () => {
    const { status, body } = await context.api.send(url, { signal: context.signal });
    const answer = `the Service ${place}/${service} answered ${path} on port ${port} with HTTP ${status}`;
    if (status < 200 || status >= 400) return { seen: `${answer}: ${shortly(body)}`, right: false };
    const isThere = contains === undefined || body.includes(contains);
    return isThere
      ? { seen: answer, right: true }
      : { seen: `${answer}, but without '${contains}': ${shortly(body)}`, right: false };
  }, context);
}

const shortly = (text: string): string => text.replaceAll(/\s+/g, " ").trim().slice(0, 200) || "no text";

/** Rejects with ADDON_PROBE_FAILED. Read-only. */
export const askApi = ({ path, has, lacks }: ApiQuestion, context: ProbeContext): Promise<string> =>
  whenRight(async () => {
    const { status, body } = await context.api.send(path, { signal: context.signal });
    if (status !== 200)
      return { seen: `the API answered ${path} with HTTP ${status}: ${shortly(body)}`, right: false };
    const told = (place: string, value: unknown): string =>
      value === undefined
        ? `the answer to ${path} has nothing at ${place}`
        : `the answer to ${path} has ${place}: ${shortly(JSON.stringify(value))}`;
    const wanted = has === undefined ? undefined : valueAt(body, has);
    if (has !== undefined && wanted === undefined) return { seen: told(has, wanted), right: false };
    const surplus = lacks === undefined ? undefined : valueAt(body, lacks);
    if (lacks !== undefined && surplus !== undefined) return { seen: told(lacks, surplus), right: false };
    if (has !== undefined) return { seen: told(has, wanted), right: true };
    return { seen: lacks === undefined ? `the API answered ${path}` : told(lacks, undefined), right: true };
  }, context);

/** What is at a dotted place of a JSON text, `items.0.usage`; undefined for nothing and for what is empty. */
function valueAt(text: string, place: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const key of place.split("."))
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  const isEmpty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
  return isEmpty ? undefined : value;
}

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  }[];
}

/** Rejects with ADDON_PROBE_FAILED. Read-only. */
export const askForOnlyOne = ({ path, annotation }: OnlyOne, context: ProbeContext): Promise<string> =>
  whenRight(async () => {
    const list = await context.api.get<Listed>(path, { signal: context.signal });
    const names = (list?.items ?? []).flatMap(({ metadata: { name, annotations } }) =>
      annotations?.[annotation] === "true" ? [name] : [],
    );
    const [first, ...others] = names;
    if (first !== undefined && others.length === 0)
      return { seen: `${first} is the only one with ${annotation}`, right: true };
    const which = first === undefined ? "none has" : `${names.join(" and ")} have`;
    return { seen: `exactly one of ${path} should have ${annotation}, but ${which} it`, right: false };
  }, context);
