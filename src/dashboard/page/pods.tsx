import { useState } from "preact/hooks";
import type { PodRow } from "../rows.ts";
import { PodLog } from "./pod-log.tsx";
import { Age, Badge, type Column, Nothing, Table } from "./parts.tsx";

const columns: readonly Column[] = [
  { title: "Pod" },
  { title: "State" },
  { title: "Ready", number: true, wide: true },
  { title: "Restarts", number: true, wide: true },
  { title: "Node", wide: true },
  { title: "Age", number: true },
];

interface Props {
  readonly cluster: string;
  readonly pods: ReadonlyMap<string, PodRow>;
  readonly now: number;
}

export function Pods({ cluster, pods, now }: Props) {
  const [filter, setFilter] = useState("");
  const [isTroubledOnly, setTroubledOnly] = useState(false);
  const [open, setOpen] = useState<string>();
  const shown = [...pods]
    .filter(([, pod]) => `${pod.namespace}/${pod.name} ${pod.state} ${pod.node}`.includes(filter.trim()))
    .filter(([, { tone }]) => !isTroubledOnly || tone === "bad" || tone === "busy")
    .sort(([, a], [, b]) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  return (
    <>
      <div class="tools">
        <label>
          <span class="hidden">Filter pods</span>
          <input
            type="search"
            placeholder="Filter by name, namespace, state"
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isTroubledOnly}
            onChange={(event) => setTroubledOnly(event.currentTarget.checked)}
          />
          Only what is not well
        </label>
      </div>
      {shown.length === 0 ? (
        <Nothing>{pods.size === 0 ? "There are no pods." : "No pod is like that."}</Nothing>
      ) : (
        <Table caption="Pods" columns={columns}>
          {shown.map(([id, pod]) => (
            <Row key={id} pod={pod} now={now} onOpen={() => setOpen(id)} />
          ))}
        </Table>
      )}
      {open === undefined ? null : (
        <PodLog key={open} cluster={cluster} pod={pods.get(open)} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}

function Row({
  pod,
  now,
  onOpen,
}: {
  readonly pod: PodRow;
  readonly now: number;
  readonly onOpen: () => void;
}) {
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={onOpen} title="Show its log">
          {pod.name}
        </button>
        <span class="sub">{pod.namespace}</span>
        {pod.why === undefined ? null : <span class="why">{pod.why}</span>}
      </th>
      <td>
        <Badge tone={pod.tone}>{pod.state}</Badge>
      </td>
      <td class="number wide">{pod.ready}</td>
      <td class="number wide">{pod.restarts}</td>
      <td class="wide">{pod.node}</td>
      <td class="number">
        <Age at={pod.since} now={now} />
      </td>
    </tr>
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
