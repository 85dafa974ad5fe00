import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execLine } from "../../host/systemd-quoting.ts";
import { packageRoot } from "../../host/package-root.ts";
import type { PushEntry } from "../../contract/transport.ts";

/** A systemd unit with everything it reads: when any of it changes, the unit is restarted, otherwise never. */
export interface Unit {
  /** `kubelet.service` */
  readonly name: string;
  /** Name of a file in `templates/systemd`, or the text itself. */
  readonly template: string | { readonly text: string };
  readonly argv: readonly string[];
  /** Files the process reads at start; their content is part of the unit's identity. */
  readonly inputs: readonly PushEntry[];
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * The hash that the running process carries in its environment as LOCALKUBE_INPUTS. The template's text is part of it, not only its name:
 * another release of localkube may contain another text. `template` is that text, the unit's own unless given.
 */
export function unitInputs(unit: Unit, template = templateText(unit)): string {
  const hash = createHash("sha256").update(
    JSON.stringify([
      typeof unit.template === "string" ? unit.template : unit.name,
      template,
      unit.argv,
      unit.values ?? {},
    ]),
  );
  for (const { path, mode, owner, source } of unit.inputs) {
    hash.update(
      JSON.stringify([path, mode, owner ?? "", source.kind === "text" ? source.text : source.sha256]),
    );
  }
  return hash.digest("hex").slice(0, 16);
}

/** The unit's text for `/etc/systemd/system`. Unknown places in the template are a programming error. */
export function renderUnit(unit: Unit): string {
  const template = templateText(unit);
  const values: Record<string, string> = {
    ...unit.values,
    inputs: unitInputs(unit, template),
    exec: execLine(unit.argv),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${unit.name}: no value for {{${name}}}`);
    return value;
  });
}

const templateText = ({ template }: Unit): string =>
  typeof template !== "string"
    ? template.text
    : readFileSync(join(packageRoot(), "templates", "systemd", template), "utf8");
