import type { NodeRow } from "../rows.ts";
import { Age, Badge, Nothing } from "./parts.tsx";

export function Nodes({
  nodes,
  now,
}: {
  readonly nodes: ReadonlyMap<string, NodeRow>;
  readonly now: number;
}) {
  if (nodes.size === 0) return <Nothing>There are no nodes.</Nothing>;
  const sorted = [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    <ul class="cards">
      {sorted.map((node) => (
        <li key={node.name} class="card">
          <h3>
            {node.name} <Badge tone={node.tone}>{node.state}</Badge>
          </h3>
          <dl>
            {facts(node).map(([title, value]) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            <div>
              <dt>Age</dt>
              <dd>
                <Age at={node.since} now={now} />
              </dd>
            </div>
          </dl>
        </li>
      ))}
    </ul>
  );
}

const facts = (node: NodeRow): readonly (readonly [string, string])[] =>
  (
    [
      ["Role", node.role],
      ["Address", node.address],
      ["Kubelet", node.version],
      ["Runtime", node.runtime],
      ["System", node.system],
      ["Processors", node.cpus],
      ["Memory", node.memory],
    ] as const
  ).filter(([, value]) => value !== "");
