import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { makeCheckPod, problemOf, removeCheckPod } from "../../../../src/cluster/runtime/check-pod.ts";
import { apiServer } from "../../provision/cluster/api-server.ts";

interface Pod {
  readonly metadata: { readonly uid: string; readonly name: string };
  readonly spec: { readonly nodeName: string };
  status: object;
}

/** Keeps one pod; its status is the next of `seen` at each look. */
async function cluster(
  seen: readonly object[],
  post?: { readonly status: number; readonly message: string },
) {
  const asked: string[] = [];
  const left = [...seen];
  const state: { pod?: Pod | undefined } = {};
  let made = 0;
  const api = await apiServer((request, response) => {
    const url = decodeURIComponent(request.url ?? "");
    asked.push(`${request.method} ${url}`);
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    const receive = async (): Promise<void> => {
      if (request.method === "POST") {
        if (post) return void answer(post.status, { message: post.message });
        const sent = JSON.parse(await text(request)) as Pod;
        state.pod = { ...sent, metadata: { ...sent.metadata, uid: `uid-${++made}` }, status: {} };
        return void answer(201, state.pod);
      }
      if (request.method === "DELETE") {
        if (url.includes("/pods/")) state.pod = undefined;
        return void answer(200, {});
      }
      if (!state.pod) return void answer(404, {});
      if (left.length > 0) state.pod.status = left.shift()!;
      answer(200, state.pod);
    };
    void receive();
  });
  return { api, asked, state };
}
const signal = new AbortController().signal;
const pods = "/api/v1/namespaces/kube-system/pods";
const path = `${pods}/localkube-runtime-check`;

it("the pod of a check is bound to the node, and known to the kubelet before anything is made", async () => {
  const { api, asked, state } = await cluster([{}, {}, { startTime: "2026-01-01T00:00:00Z" }]);
  expect(await makeCheckPod(api, "one", signal)).toBe("uid-1");
  expect(state.pod).toMatchObject({
    metadata: { name: "localkube-runtime-check" },
    spec: { nodeName: "one" },
  });
  expect(asked).toEqual([`GET ${path}`, `POST ${pods}`, ...Array<string>(3).fill(`GET ${path}`)]);
});

it("that of a killed check goes first, with the events about it", async () => {
  const started = { startTime: "2026-01-01T00:00:00Z" };
  const { api, asked, state } = await cluster([started, started, started]);
  await makeCheckPod(api, "one", signal);
  asked.length = 0;
  expect(await makeCheckPod(api, "two", signal)).toBe("uid-2");
  const events = "/api/v1/namespaces/kube-system/events?fieldSelector=involvedObject.uid=uid-1";
  expect(asked.slice(1, 4)).toEqual([
    `DELETE ${path}?gracePeriodSeconds=0`,
    `DELETE ${events}`,
    `POST ${pods}`,
  ]);
  await removeCheckPod(api, signal);
  expect(state.pod).toBeUndefined();
  asked.length = 0;
  await removeCheckPod(api, signal);
  expect(asked).toEqual([`GET ${path}`]);
});

it("a pod that the kubelet or the API server refuses is told with their words", async () => {
  const full = await cluster([{ startTime: "2026-01-01T00:00:00Z", phase: "Failed", message: "OutOfpods" }]);
  await expect(makeCheckPod(full.api, "one", signal)).rejects.toThrow("OutOfpods");
  const strict = await cluster([], { status: 403, message: "denied by a webhook" });
  const error: unknown = await makeCheckPod(strict.api, "one", signal).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ id: "API_REFUSED" });
  expect(problemOf(error)).toContain("denied by a webhook");
});
