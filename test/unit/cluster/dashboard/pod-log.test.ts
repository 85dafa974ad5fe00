import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { followPodLog } from "../../../../src/cluster/dashboard/pod-log.ts";
import { apiServer } from "../../provision/cluster/api-server.ts";

const refusal = (message: string) => (response: ServerResponse) =>
  response.writeHead(400).end(JSON.stringify({ message }));

async function told(answer: (url: URL, response: ServerResponse) => void) {
  const asked: string[] = [];
  const api = await apiServer((request, response) => {
    asked.push(request.url!);
    answer(new URL(request.url!, "https://api"), response);
  });
  const lines: string[] = [];
  const notes: string[] = [];
  const sink = { line: (text: string) => lines.push(text), note: (text: string) => notes.push(text) };
  const request = { namespace: "web", pod: "a", container: "main" };
  const ended = followPodLog(api, request, sink, new AbortController().signal);
  return { asked, lines, notes, ended };
}

test("the last lines of a container, and those that come until it ends", async () => {
  const { asked, lines, notes, ended } = await told((_, response) => {
    response.write("first\nsec");
    setTimeout(() => response.end("ond\nlast without an end"), 20);
  });
  await ended;
  expect(asked).toEqual(["/api/v1/namespaces/web/pods/a/log?container=main&tailLines=50&follow=true"]);
  expect(lines).toEqual(["first", "second", "last without an end"]);
  expect(notes).toEqual(["The container has ended."]);
});

test("of a container that waits to be started again, the lines of its last run", async () => {
  const { lines, notes, ended } = await told((url, response) => {
    if (url.searchParams.has("previous")) response.end("why it fell\n");
    else refusal("container is waiting to start: CrashLoopBackOff")(response);
  });
  await ended;
  expect({ lines, notes }).toEqual({
    lines: ["why it fell"],
    notes: ["The container waits to be started again; these are the lines of its last run."],
  });
});

test("of one that has never run, why it waits", async () => {
  const { ended } = await told((url, response) => {
    const isPrevious = url.searchParams.has("previous");
    refusal(isPrevious ? "previous terminated container not found" : "waiting to start: ErrImagePull")(
      response,
    );
  });
  await expect(ended).rejects.toMatchObject({ output: "waiting to start: ErrImagePull" });
});
