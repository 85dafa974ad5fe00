import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import type { KubeObject } from "../../../src/kube/api-client.ts";
import { type Seen, watch } from "../../../src/kube/watch.ts";
import { apiServer } from "../provision/cluster/api-server.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const object = (name: string, resourceVersion: string): KubeObject => ({
  ...{ apiVersion: "v1", kind: "Pod" },
  metadata: { name, namespace: "web", resourceVersion },
});

const list =
  (resourceVersion: string, ...names: string[]): Answer =>
  (response) =>
    response.end(
      JSON.stringify({
        ...{ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion } },
        items: names.map((name) => ({ metadata: { name } })),
      }),
    );

const line = (type: string, what: object): string => `${JSON.stringify({ type, object: what })}\n`;

/** Answers lists and watches with these, one after the other; the last watch stays open. */
async function seenOf(lists: readonly Answer[], watches: readonly Answer[]) {
  const asked: string[] = [];
  const left = { lists: [...lists], watches: [...watches] };
  const api = await apiServer((request, response) => {
    const { searchParams } = new URL(request.url!, "https://api");
    const isWatch = searchParams.get("watch") === "true";
    asked.push(isWatch ? `watch from ${searchParams.get("resourceVersion")}` : "list");
    const answer = isWatch ? left.watches.shift() : left.lists.shift();
    if (answer) answer(response, request);
    else response.writeHead(200).flushHeaders();
  });
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const seen: Seen[] = [];
  const ended = watch(api, "/api/v1/pods", (one) => seen.push(one), controller.signal);
  // Whoever waits for it hears of it; the others are not about it.
  ended.catch(() => undefined);
  return { asked, seen, ended, stop: () => controller.abort(), texts: () => seen.map(textOf) };
}

const textOf = (seen: Seen): string => {
  if (seen.type === "all") return `all: ${seen.objects.map(({ metadata }) => metadata.name).join(" ")}`;
  return seen.type === "lost" ? `lost: ${seen.problem.id}` : `${seen.type}: ${seen.object.metadata.name}`;
};

test("everything is listed, then each change is seen as it comes, also one that comes in pieces", async () => {
  const changes: Answer = (response) => {
    const text = line("ADDED", object("b", "8")) + line("DELETED", object("ä", "9"));
    const bytes = Buffer.from(text);
    // In the middle of the umlaut.
    const cut = bytes.indexOf(0xc3) + 1;
    response.write(bytes.subarray(0, cut));
    setTimeout(() => response.write(bytes.subarray(cut)), 30);
  };
  const { texts, seen, stop, ended } = await seenOf([list("7", "ä")], [changes]);
  await vi.waitFor(() => expect(texts()).toEqual(["all: ä", "changed: b", "deleted: ä"]), { timeout: 5000 });
  expect(seen[0]).toMatchObject({ objects: [{ apiVersion: "v1", kind: "Pod" }] });
  stop();
  await expect(ended).resolves.toBeUndefined();
});

test("a watch that the server ends goes on from the last version, which a bookmark moves on", async () => {
  const { asked, texts } = await seenOf(
    [list("7")],
    [
      (response) =>
        response.end(
          line("ADDED", object("a", "8")) + line("BOOKMARK", { metadata: { resourceVersion: "20" } }),
        ),
    ],
  );
  await vi.waitFor(() => expect(asked).toEqual(["list", "watch from 7", "watch from 20"]), { timeout: 5000 });
  expect(texts()).toEqual(["all: ", "changed: a"]);
});

test.each<[string, Answer]>([
  ["as an event", (response) => response.end(line("ERROR", { kind: "Status", code: 410 }))],
  ["as an answer", (response) => response.writeHead(410).end("{}")],
])("a version that is too old (%s) makes it list again", async (_, tooOld) => {
  const { asked, texts } = await seenOf([list("7", "a"), list("30", "b")], [tooOld]);
  await vi.waitFor(() => expect(asked).toEqual(["list", "watch from 7", "list", "watch from 30"]), {
    timeout: 5000,
  });
  expect(texts()).toEqual(["all: a", "all: b"]);
});

test("a server that is gone is told once, and everything is listed when it is there again", async () => {
  const cut: Answer = (response) => response.write(line("ADDED", object("b", "8")), () => response.destroy());
  const busy: Answer = (response) => response.writeHead(503).end("{}");
  const { texts } = await seenOf([list("7", "a"), busy, busy, list("3", "a", "b")], [cut]);
  await vi.waitFor(() => expect(texts().at(-1)).toBe("all: a b"), { timeout: 5000 });
  expect(texts()).toEqual(["all: a", "changed: b", "lost: API_UNREACHABLE", "all: a b"]);
});

test("what another try does not change ends it", async () => {
  const forbidden: Answer = (response) => response.writeHead(403).end('{"message":"no"}');
  const { ended, texts } = await seenOf([forbidden], []);
  await expect(ended).rejects.toMatchObject({ id: "API_REFUSED", output: "no" });
  const none = await seenOf([(response) => response.writeHead(404).end("{}")], []);
  await expect(none.ended).rejects.toMatchObject({ id: "API_REFUSED" });
  expect(texts()).toEqual([]);
});

test("many watches of one client keep no request of it waiting", async () => {
  const api = await apiServer((request, response) => {
    if (request.url!.includes("watch=true")) response.writeHead(200).flushHeaders();
    else response.end('{"metadata":{"resourceVersion":"1"},"items":[]}');
  });
  const controller = new AbortController();
  let begun = 0;
  const watches = Array.from({ length: 10 }, () =>
    watch(api, "/api/v1/pods", () => begun++, controller.signal),
  );
  await vi.waitFor(() => expect(begun).toBe(10), { timeout: 5000 });
  await sleep(50);
  expect((await api.send("/version", { timeoutMs: 2000 })).status).toBe(200);
  controller.abort();
  await Promise.all(watches);
});

test("a server that answers nothing is given up after its time", async () => {
  const api = await apiServer(() => undefined, undefined, 100);
  const lines = api.lines("/api/v1/namespaces/web/pods/a/log?follow=true");
  await expect(lines.next()).rejects.toMatchObject({ id: "API_UNREACHABLE" });
});
