import { expect, onTestFinished, test, vi } from "vitest";
import { openPacketApi } from "../../../../drivers/packet/api/packet-api.ts";
import { type Pacing, usualPacing } from "../../../../drivers/packet/api/connection.ts";
import type { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { ids } from "../../../rigs/packet/catalogue.ts";
import { type Provider, startProvider } from "../../../rigs/packet/provider.ts";

// The first test compiles the OpenAPI document, which takes seconds on a busy host.
vi.setConfig({ testTimeout: 60_000 });

const hasty: Pacing = { ...usualPacing, retryMs: [1, 1, 1], rateLimitMs: 3000, answerMs: 20_000 };

async function world(options: Parameters<typeof startProvider>[0] & { pacing?: Partial<Pacing> } = {}) {
  const provider = await startProvider(options);
  onTestFinished(() => provider.close());
  const lines: string[] = [];
  const abort = new AbortController();
  const c = { signal: abort.signal, log: (line: string) => void lines.push(line), report: () => undefined };
  const connection = {
    endpoint: new URL(`${provider.endpoint}/`),
    token: provider.token,
    origin: "a test",
    authority: provider.authority,
    env: {},
  };
  return {
    provider,
    c,
    lines,
    abort,
    connection,
    api: openPacketApi(connection, { ...hasty, ...options.pacing }),
  };
}

const asked = (provider: Provider) => provider.exchanges.map(({ request, status }) => `${request} ${status}`);
const caught = async (promise: Promise<unknown>): Promise<LocalkubeError> =>
  promise.then(
    () => expect.fail("it did not reject"),
    (error: unknown) => error as LocalkubeError,
  );
const html = "<html><h1>502 Bad Gateway</h1></html>";

const input = (hostname: string) => ({
  hostname,
  plan: "c3.small.x86",
  operating_system: "debian_12",
  billing_cycle: "hourly",
  metro: "fr",
  tags: ["one"],
  userdata: "#cloud-config\n{}\n",
  project_ssh_keys: [],
  user_ssh_keys: [],
});

test("reads what there is to choose from", async () => {
  const { api, c } = await world();
  expect((await api.projects(c)).map(({ id }) => id)).toEqual([ids.project]);
  expect((await api.plans(ids.project, c)).map(({ slug }) => slug)).toContain("c3.small.x86");
  expect((await api.operatingSystems(c)).map(({ slug }) => slug)).toContain("debian_12");
  expect((await api.metros(c)).map(({ code }) => code)).toEqual(["fr", "dc"]);
  expect((await api.facilities(c)).map(({ code }) => code)).toEqual(["fr2"]);
  expect((await api.reservation(ids.reservation, c)).plan?.slug).toBe("c3.small.x86");
  const metro = { kind: "metro", code: "fr" } as const;
  expect(await api.hasCapacity("c3.small.x86", metro, c)).toBe(true);
  expect(await api.hasCapacity("x9.full.x86", { kind: "facility", code: "fr2" }, c)).toBe(false);
});

test("reads a list to its end, page by page", async () => {
  const { api, c, provider } = await world({ perPage: 2 });
  for (const name of ["a", "b", "c", "d", "e"]) await api.createDevice(ids.project, input(name), c);
  provider.exchanges.length = 0;
  const devices = await api.devices(ids.project, "one", c);
  expect(devices.map(({ hostname }) => hostname)).toEqual(["a", "b", "c", "d", "e"]);
  expect(provider.exchanges).toHaveLength(3);
});

test.each([
  [401, { error: "Invalid authentication token" }, "PACKET_TOKEN_REFUSED", ""],
  [403, { errors: ["You are not authorized"] }, "PACKET_FORBIDDEN", "You are not authorized"],
  [404, { errors: ["Not found"] }, "PACKET_NOT_FOUND", "Not found"],
  [
    422,
    { errors: ["plan is sold out", "metro is closed"] },
    "PACKET_REFUSED",
    "plan is sold out; metro is closed",
  ],
  [422, { error: "one text" }, "PACKET_REFUSED", "one text"],
  [400, { errors: "a bare text" }, "PACKET_REFUSED", "a bare text"],
  [503, { errors: ["Service unavailable"] }, "PACKET_SERVICE_FAILED", "Service unavailable"],
  [502, html, "PACKET_SERVICE_FAILED", "no JSON but '502 Bad Gateway'"],
  [302, "moved", "PACKET_SERVICE_FAILED", "moved"],
] as const)("status %s with %j is %s", async (status, body, id, text) => {
  const { api, c, provider } = await world();
  provider.fault("createDevice", {
    kind: "answer",
    status,
    body,
    headers: { location: "https://127.0.0.1:1/" },
  });
  const error = await caught(api.createDevice(ids.project, input("x"), c));
  expect(error.id).toBe(id);
  expect(error.message).toContain(text);
  expect(provider.exchanges, "a POST is never repeated").toHaveLength(1);
  expect(provider.room.devices.size).toBe(0);
});

test("a page for people with status 200 is a failure of the service, and asked for again", async () => {
  const { api, c, provider } = await world();
  provider.fault("findMetros", { kind: "answer", status: 200, body: html });
  expect(await api.metros(c)).toHaveLength(2);
  provider.fault("findMetros", { kind: "answer", status: 200, body: { nothing: [] } });
  expect(await caught(api.metros(c))).toMatchObject({ id: "PACKET_SERVICE_FAILED" });
});

test("a GET is repeated after 5xx and broken connections, not for ever", async () => {
  const { api, c, provider } = await world();
  provider.fault("findMetros", { kind: "answer", status: 502, body: html });
  provider.fault("findMetros", { kind: "cut" });
  provider.fault("findMetros", { kind: "answer", status: 503, body: { error: "later" } });
  expect(await api.metros(c)).toHaveLength(2);
  expect(asked(provider).map((line) => line.split(" ").at(-1))).toEqual(["502", "lost", "503", "200"]);
  provider.fault("findMetros", { kind: "answer", status: 500, body: {} }, 99);
  expect(await caught(api.metros(c))).toMatchObject({ id: "PACKET_SERVICE_FAILED" });
  expect(provider.exchanges).toHaveLength(8);
});

test("waits for the end of a rate limit by the server's clock, also with POST", async () => {
  const { api, c, provider } = await world();
  const date = new Date(Date.now() + 3_600_000);
  const reset = String(Math.floor(date.getTime() / 1000) + 1);
  const headers = { date: date.toUTCString(), "x-ratelimit-reset": reset };
  provider.fault("createDevice", { kind: "answer", status: 429, body: { error: "slow down" }, headers });
  const begun = performance.now();
  await api.createDevice(ids.project, input("x"), c);
  expect(performance.now() - begun).toBeGreaterThan(1000);
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(provider.room.devices.size).toBe(1);
});

test("does not wait for a rate limit that lasts", async () => {
  const { api, c, provider } = await world();
  const headers = { "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 600) };
  provider.fault("createDevice", { kind: "answer", status: 429, body: html, headers });
  const error = await caught(api.createDevice(ids.project, input("x"), c));
  expect(error.id).toBe("PACKET_RATE_LIMITED");
  expect(Number(error.params["seconds"])).toBeGreaterThan(590);
});

test("says what of the way is broken: nobody listens, unknown authority, no answer in time", async () => {
  const { api, c, provider, connection } = await world({ pacing: { answerMs: 150, retryMs: [] } });
  const closed = openPacketApi({ ...connection, endpoint: new URL("https://127.0.0.1:1/") }, hasty);
  expect(await caught(closed.metros(c))).toMatchObject({ id: "PACKET_UNREACHABLE" });
  const { endpoint, token, origin, env } = connection;
  const stranger = { endpoint, token, origin, env };
  expect((await caught(openPacketApi(stranger, hasty).metros(c))).message).toContain("certificate");
  provider.fault("findMetros", { kind: "late", ms: 1000 });
  expect(await caught(api.metros(c))).toMatchObject({ id: "PACKET_UNREACHABLE" });
});

test("ends at once with the signal's reason", async () => {
  const { api, c, provider, abort } = await world();
  provider.fault("findMetros", { kind: "late", ms: 5000 });
  const begun = performance.now();
  setTimeout(() => abort.abort(new Error("stop it")), 50);
  await expect(api.metros(c)).rejects.toThrow("stop it");
  expect(performance.now() - begun).toBeLessThan(4000);
});

test("the token is in no log line and in no error, also when the service repeats it", async () => {
  const { api, c, provider, lines, connection } = await world();
  const echo = { errors: [`token ${connection.token} is unknown`] };
  provider.fault("findMetros", { kind: "answer", status: 422, body: echo });
  const refused = await caught(api.metros(c));
  expect(refused.message).toContain("token (token) is unknown");
  const broken = openPacketApi(
    { ...connection, endpoint: new URL("https://127.0.0.1:1/") },
    { ...hasty, retryMs: [] },
  );
  const unreachable = await caught(broken.metros(c));
  const everything = [lines, refused, refused.cause, unreachable, unreachable.cause, unreachable.stack];
  expect(JSON.stringify(everything.map(String))).not.toContain(connection.token);
  expect(JSON.stringify(everything)).not.toContain(connection.token);
  expect(lines.length).toBeGreaterThan(1);
});

test("deleting what is gone succeeds", async () => {
  const { api, c } = await world();
  await api.deleteDevice(ids.otherProject, c);
  await api.deleteKey(ids.otherProject, c);
  expect(await api.device(ids.otherProject, c)).toBeUndefined();
});

test("the rig itself refuses what is not documented", async () => {
  const provider = await startProvider();
  const connection = {
    endpoint: new URL(`${provider.endpoint}/`),
    token: provider.token,
    origin: "a test",
    authority: provider.authority,
    env: {},
  };
  const c = { signal: AbortSignal.timeout(5000), log: () => undefined, report: () => undefined };
  const misspelt = { ...input("x"), user_data: "x" };
  await caught(openPacketApi(connection, hasty).createDevice(ids.project, misspelt, c));
  await expect(provider.close()).rejects.toThrow("/user_data is not documented");
});
