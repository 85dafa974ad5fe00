import { useState } from "preact/hooks";
import type { AddonRow, Tone, WorkRow } from "../rows.ts";
import { switchAddon } from "./live.ts";
import { Badge, Nothing } from "./parts.tsx";

interface Props {
  readonly cluster: string;
  readonly addons: ReadonlyMap<string, AddonRow>;
  readonly work: ReadonlyMap<string, WorkRow>;
  readonly write: boolean;
}

export function Addons({ cluster, addons, work, write }: Props) {
  const sorted = [...addons].sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1));
  if (sorted.length === 0) return <Nothing>The addons are being looked at …</Nothing>;
  return (
    <>
      {write ? null : (
        <p class="hint">
          To switch addons here: <code>localkube dashboard --write</code>
        </p>
      )}
      <ul class="cards">
        {sorted.map(([name, addon]) => (
          <Addon key={name} {...{ cluster, name, addon, write }} work={work.get(name)} />
        ))}
      </ul>
    </>
  );
}

/** Those that are on come first, those that the cluster cannot have last. */
const rank = (addon: AddonRow): number => (addon.state !== "disabled" ? 0 : isFor(addon) ? 1 : 2);

/** Whether there is something of it for the cluster's Kubernetes and artifacts, or was. */
const isFor = ({ state, version }: AddonRow): boolean => state !== "disabled" || version !== undefined;

interface AddonProps {
  readonly cluster: string;
  readonly name: string;
  readonly addon: AddonRow;
  readonly work: WorkRow | undefined;
  readonly write: boolean;
}

function Addon({ cluster, name, addon, work, write }: AddonProps) {
  const [refusal, setRefusal] = useState<string>();
  const isAtWork = work?.state === "running";
  const isOn = isAtWork ? work.on : addon.state !== "disabled";
  const toggle = (): void => {
    setRefusal(undefined);
    void switchAddon({ cluster, addon: name, on: !isOn }).then(setRefusal);
  };
  const said = refusal ?? work?.text;
  return (
    <li class="card">
      <div class="title">
        <h3>
          {name} <Badge tone={toneOf(addon.state)}>{addon.state}</Badge>
        </h3>
        {write && !addon.always && isFor(addon) ? (
          <button
            type="button"
            role="switch"
            aria-checked={isOn}
            aria-label={name}
            disabled={isAtWork}
            onClick={toggle}
          />
        ) : null}
      </div>
      <p>{addon.summary}</p>
      <p class="sub">{about(addon)}</p>
      {addon.problem === undefined ? null : <p class="why">{addon.problem}</p>}
      {said === undefined ? null : (
        <p class={`work ${refusal === undefined ? (work?.state ?? "") : "failed"}`}>{said}</p>
      )}
    </li>
  );
}

const about = ({ version, memoryMiB, needs, standIn, always }: AddonRow): string =>
  [
    version === undefined ? "not for this cluster" : version,
    standIn === undefined ? "" : "stand-in",
    memoryMiB > 0 ? `${memoryMiB} MiB` : "",
    needs.length > 0 ? `needs ${needs.join(", ")}` : "",
    always ? "in every cluster" : "",
  ]
    .filter(Boolean)
    .join(" · ");

function toneOf(state: string): Tone {
  if (state === "healthy") return "good";
  if (state === "degraded" || state === "drifted") return "bad";
  return state === "outdated" ? "busy" : "done";
}
