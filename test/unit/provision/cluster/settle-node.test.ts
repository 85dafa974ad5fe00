import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { settleNode } from "../../../../src/provision/cluster/settle-node.ts";
import { apiServer } from "./api-server.ts";

interface NodeObject {
  metadata: { name: string; labels?: Record<string, string> };
  spec?: { podCIDR?: string };
}

/** An API server with this node, which appears at the second look; what is patched is merged as the real one does. */
async function withNode(node: NodeObject, refuse?: (change: object) => number | undefined) {
  const patches: object[] = [];
  let looks = 0;
  const answer = async (request: IncomingMessage): Promise<readonly [number, object]> => {
    if (request.method === "GET") return ++looks === 1 ? [404, {}] : [200, node];
    const change = JSON.parse(await text(request)) as Partial<NodeObject>;
    patches.push(change);
    const status = refuse?.(change);
    if (status !== undefined) return [status, { message: "no" }];
    node.metadata = { ...node.metadata, labels: { ...node.metadata.labels, ...change.metadata?.labels } };
    node.spec = { ...node.spec, ...change.spec };
    return [200, node];
  };
  const api = await apiServer((request, response) => {
    void answer(request).then(([status, body]) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
  });
  return { api, patches };
}

const waiting = { signal: AbortSignal.timeout(10_000), emulated: false };
const wanted = { name: "demo", role: "control-plane", block: "10.244.0.0/24" } as const;

test("a node gets its role and its block once it is registered, and is left alone the second time", async () => {
  const node: NodeObject = { metadata: { name: "demo", labels: { mine: "kept" } } };
  const { api, patches } = await withNode(node);
  await settleNode(api, wanted, waiting);
  expect(node.metadata.labels).toEqual({ mine: "kept", "node-role.kubernetes.io/control-plane": "" });
  expect(node.spec?.podCIDR).toBe("10.244.0.0/24");
  expect(patches).toHaveLength(2);
  await settleNode(api, wanted, waiting);
  expect(patches).toHaveLength(2);
});

test("a block that the node has stays, and so does one that somebody else gave it a moment ago", async () => {
  const node: NodeObject = { metadata: { name: "demo" }, spec: { podCIDR: "10.9.0.0/24" } };
  const one = await withNode(node);
  await settleNode(one.api, wanted, waiting);
  expect(node.spec?.podCIDR).toBe("10.9.0.0/24");
  const faster = await withNode({ metadata: { name: "demo" } }, (change) =>
    "spec" in change ? 422 : undefined,
  );
  await expect(settleNode(faster.api, wanted, waiting)).resolves.toBeUndefined();
});

test("without a block of ours only the role is set, and a refusal is told", async () => {
  const node: NodeObject = { metadata: { name: "demo" } };
  const { api } = await withNode(node);
  await settleNode(api, { ...wanted, role: "worker", block: undefined }, waiting);
  expect(node.metadata.labels).toEqual({ "node-role.kubernetes.io/worker": "" });
  expect(node.spec?.podCIDR).toBeUndefined();
  const refusing = await withNode({ metadata: { name: "demo" } }, () => 403);
  await expect(settleNode(refusing.api, wanted, waiting)).rejects.toMatchObject({ id: "API_REFUSED" });
});
