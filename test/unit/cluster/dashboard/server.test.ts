import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Board } from "../../../../src/cluster/dashboard/board.ts";
import {
  type DashboardServer,
  serveDashboard,
  type Served,
} from "../../../../src/cluster/dashboard/server.ts";
import type { SwitchRequest } from "../../../../src/dashboard/rows.ts";

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

const page = { type: "text/html; charset=utf-8", content: Buffer.from("the page") };
let board: Board;
let wishes: SwitchRequest[];
beforeEach(() => {
  board = new Board();
  wishes = [];
});

async function served(more: Partial<Served> = {}): Promise<DashboardServer> {
  const server = await serveDashboard(0, {
    board,
    profile: "demo",
    files: new Map([["index.html", page]]),
    followLog: (_cluster, _request, sink) => {
      sink.line("one line");
      return Promise.resolve();
    },
    ...more,
  });
  onTestFinished(() => server.close());
  return server;
}

const write = {
  switchAddon: (wish: SwitchRequest) => {
    wishes.push(wish);
    return Promise.resolve();
  },
};

/** What a program sends that is no browser: exactly these headers. */
async function ask(
  url: string,
  headers: Record<string, string> = {},
  method = "GET",
  body = "",
): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false }).end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** The folder of the page and the cookie of a browser that came in. */
async function comeIn({ url }: DashboardServer): Promise<{ at: string; cookie: string }> {
  const { headers } = await ask(url);
  const cookie = headers["set-cookie"]![0]!.split(";")[0]!;
  return { at: url.replace(/open\/.*$/, ""), cookie };
}

describe("whoever has the URL is in", () => {
  test("once: a cookie that scripts cannot read, for the paths of this page only, takes its place", async () => {
    const server = await served();
    const first = await ask(server.url, { "sec-fetch-site": "cross-site" });
    expect(first.status).toBe(200);
    const folder = new URL(server.url).pathname.replace(/open\/.*$/, "");
    expect(first.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^localkube-dashboard=[\w-]{32}; Path=\/.{16}\/; HttpOnly; SameSite=Strict$/),
    ]);
    expect(first.headers["set-cookie"]![0]).toContain(`Path=${folder};`);
    expect(first.body).toContain('content="0; url=../#demo/pods"');
    const second = await ask(server.url);
    expect(second).toMatchObject({ status: 403, body: expect.stringContaining("it works once") as string });
    expect(second.headers["set-cookie"]).toBeUndefined();
  });

  test("and goes back to where it came in", async () => {
    const server = await served();
    const { cookie } = await comeIn(server);
    expect(await ask(server.url, { cookie })).toMatchObject({ status: 200 });
  });

  test("gets the page, which may ask nobody but this server for anything and is kept nowhere", async () => {
    const server = await served();
    const { at, cookie } = await comeIn(server);
    const { status, body, headers } = await ask(at, { cookie });
    expect({ status, body }).toEqual({ status: 200, body: "the page" });
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    expect(await ask(`${at}../../package.json`, { cookie })).toMatchObject({ status: 404 });
    expect(await ask(`${at}package.json`, { cookie })).toMatchObject({ status: 404 });
  });
});

describe("nobody else gets anything", () => {
  test.each(["", "rows", "log?cluster=demo", "index.html", "open/", "open/AAAA"])("of %j", async (path) => {
    const server = await served();
    const at = server.url.replace(/open\/.*$/, "");
    const answer = await ask(`${at}${path}`, { cookie: "localkube-dashboard=" });
    expect(answer).toMatchObject({ status: 403, body: expect.not.stringContaining("page is") as string });
    const { origin } = new URL(server.url);
    expect((await ask(`${origin}/${path}`)).status).toBe(404);
    // A wrong guess uses up nothing.
    expect((await ask(server.url)).status).toBe(200);
  });

  test.each(["evil.example:80", "evil.example", "127.0.0.1", "[::1]:1", "localhost"])(
    "under the name %s, also with the cookie",
    async (host) => {
      const server = await served();
      expect((await ask(server.url, { host })).status).toBe(421);
      const { at, cookie } = await comeIn(server);
      expect((await ask(`${at}rows`, { host, cookie })).status).toBe(421);
      const { port } = new URL(at);
      expect((await ask(at, { host: `localhost:${port}`, cookie })).status).toBe(200);
    },
  );

  test("from another page in the browser that is in", async () => {
    const server = await served(write);
    const { at, cookie } = await comeIn(server);
    const json = { cookie, "content-type": "application/json" };
    const wish = JSON.stringify({ cluster: "demo", addon: "metrics", on: true });
    const { origin } = new URL(at);
    for (const foreign of [
      "http://evil.example",
      "http://127.0.0.1:1",
      "null",
      origin.replace("http", "https"),
    ]) {
      expect((await ask(`${at}addons`, { ...json, origin: foreign }, "POST", wish)).status).toBe(403);
      expect((await ask(`${at}rows`, { cookie, origin: foreign })).status).toBe(403);
    }
    expect((await ask(`${at}addons`, json, "POST", wish)).status).toBe(403);
    for (const site of ["cross-site", "same-site"])
      expect((await ask(at, { cookie, "sec-fetch-site": site })).status).toBe(403);
    expect(wishes).toEqual([]);
    expect((await ask(`${at}addons`, { ...json, origin }, "POST", wish)).status).toBe(202);
    expect(wishes).toEqual([{ cluster: "demo", addon: "metrics", on: true }]);
  });
});

test("what is no request of the page is refused, and without --write each is", async () => {
  const wish = JSON.stringify({ cluster: "demo", addon: "metrics", on: true });
  const server = await served(write);
  const { at, cookie } = await comeIn(server);
  const { origin } = new URL(at);
  const post = (body: string, type = "application/json") =>
    ask(`${at}addons`, { cookie, origin, "content-type": type }, "POST", body);
  for (const body of ["", "{}", '{"cluster":"demo","addon":"metrics","on":"yes"}', "x".repeat(5000)])
    expect((await post(body)).status).toBe(400);
  expect((await post(wish, "text/plain")).status).toBe(400);
  expect((await ask(`${at}rows`, { cookie, origin }, "DELETE")).status).toBe(405);
  const readOnly = await served();
  const other = await comeIn(readOnly);
  const answer = await ask(
    `${other.at}addons`,
    { cookie: other.cookie, origin: new URL(other.at).origin, "content-type": "application/json" },
    "POST",
    wish,
  );
  expect(answer).toMatchObject({ status: 403, body: expect.stringContaining("--write") as string });
  expect(wishes).toEqual([]);
});

test("the stream says what there is, then what changes, and its end is seen by the board", async () => {
  const server = await served();
  const { at, cookie } = await comeIn(server);
  board.set("demo", "cluster", "demo", { state: "starting" });
  const sent = request(`${at}rows`, { headers: { cookie }, agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  expect(response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  let said = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await vi.waitFor(() => expect(said).toContain('"state":"starting"'));
  board.set("demo", "cluster", "demo", { state: "running" });
  board.set("demo", "cluster", "demo", { state: "running" });
  const change = '[{"cluster":"demo","part":"cluster","id":"demo","row":{"state":"running"}}]';
  await vi.waitFor(() => expect(said).toContain(`event: changes\ndata: ${change}\n\n`));
  expect(said.match(/event: /g)).toHaveLength(2);
  response.on("error", () => undefined);
  sent.destroy();
});

test("a log is told line by line, and why there is none", async () => {
  const server = await served();
  const { at, cookie } = await comeIn(server);
  const log = `${at}log?cluster=demo&namespace=web&pod=a&container=main`;
  const { body } = await ask(log, { cookie });
  expect(body).toContain('event: line\ndata: "one line"\n\nevent: end\n');
  const failing = await served({ followLog: () => Promise.reject(new Error("no such pod")) });
  const other = await comeIn(failing);
  expect((await ask(log.replace(at, other.at), { cookie: other.cookie })).body).toContain(
    'event: note\ndata: "no such pod"\n\nevent: end\n',
  );
});

test("it listens on loopback, and a port that is taken is told", async () => {
  const { port } = await served();
  await expect(
    serveDashboard(port, { board, profile: "demo", files: new Map(), followLog: () => Promise.resolve() }),
  )
    .rejects //
    .toMatchObject({ id: "PORT_IN_USE" });
});
