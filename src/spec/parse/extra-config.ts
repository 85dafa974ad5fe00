import { components, type Component } from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { isList } from "./lists.ts";

/** Values by component and key. */
export type ExtraConfig = Readonly<Partial<Record<Component, Readonly<Record<string, string>>>>>;

/** `COMPONENT.KEY=VALUE` once or several times, or values by component and key. */
type ExtraConfigWish =
  | string
  | readonly string[]
  | Readonly<Record<string, Readonly<Record<string, string | number | boolean>> | undefined>>;

/**
 * Values by component and key, from `COMPONENT.KEY=VALUE` texts or a table. A key may contain dots (`kubelet.evictionHard.memory.available=…`);
 * of several values for one key the last one counts. Throws EXTRA_CONFIG_MALFORMED or EXTRA_CONFIG_COMPONENT_UNKNOWN.
 */
export function parseExtraConfig(value: ExtraConfigWish): ExtraConfig {
  const result: Partial<Record<Component, Record<string, string>>> = {};
  for (const { component, key, text } of assignments(value)) (result[component] ??= {})[key] = text;
  return result;
}

function assignments(value: ExtraConfigWish) {
  if (typeof value === "string") return value === "" ? [] : [parseAssignment(value)];
  // A single empty one clears all values.
  if (isList(value)) return value.filter((text) => text !== "").map(parseAssignment);
  return Object.entries(value).flatMap(([component, options]) =>
    Object.entries(options ?? {}).map(([key, option]) => checked(component, key, String(option))),
  );
}

function parseAssignment(value: string) {
  const equals = value.indexOf("=");
  if (equals < 0) throw malformed(value, "'=' is missing");
  const [left, text] = [value.slice(0, equals), value.slice(equals + 1)];
  const dot = left.indexOf(".");
  if (dot < 0) throw malformed(value, "'.' between component and key is missing");
  return checked(left.slice(0, dot), left.slice(dot + 1), text);
}

function checked(name: string, key: string, text: string) {
  const value = `${name}.${key}=${text}`;
  const component = knownComponent(name, value);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(key))
    throw malformed(value, `'${key}' is not a valid option name`);
  // Values end up in unit files, where a line break would start a new directive.
  if (/[\p{Cc}]/u.test(text)) throw malformed(value, "the value has a line break or control character");
  return { component, key, text };
}

const malformed = (value: string, problem: string) =>
  new LocalkubeError("EXTRA_CONFIG_MALFORMED", { value, problem });

function knownComponent(component: string, value: string): Component {
  const found = components.find((known) => known === component);
  if (found) return found;
  const hint = didYouMean(component.replace(/^kube-/, ""), components);
  throw new LocalkubeError("EXTRA_CONFIG_COMPONENT_UNKNOWN", {
    value,
    component,
    hint,
    known: components.join(", "),
  });
}
