import { beforeEach, expect, test } from "vitest";
import { forgetSecrets, settleSecrets } from "../../../src/addons/secrets.ts";
import { Objects } from "../../../src/kube/objects.ts";
import { MemoryApi } from "./memory-api.ts";

const { signal } = new AbortController();
const addon = {
  name: "web",
  options: {
    password: { type: "text" as const, secret: true, why: "Who may enter" },
    user: { type: "text" as const, default: "admin", why: "Who that is" },
  },
};
let api: MemoryApi;
let objects: Objects;
beforeEach(() => {
  api = new MemoryApi();
  objects = new Objects(api.client);
});
const settle = (given: Record<string, string> = {}) => settleSecrets(addon, given, objects, signal);

test("a secret that nobody gave is made once, and read back from the cluster afterwards", async () => {
  const first = await settle({ user: "me" });
  expect(Object.keys(first.values)).toEqual(["password"]);
  expect(Buffer.from(first.values["password"]!, "base64url")).toHaveLength(32);
  const changes = api.log.length;
  expect(await settle()).toEqual(first);
  expect(api.log).toHaveLength(changes);
  expect((await settle({ password: "mine" })).values).toEqual({ password: "mine" });
  expect((await settle()).values).toEqual({ password: "mine" });
});

test("what stands for it says nothing of it, and changes with it", async () => {
  const { masks } = await settle({ password: "mine" });
  expect(JSON.stringify(masks)).not.toContain("mine");
  expect((await settle({ password: "mine" })).masks).toEqual(masks);
  expect((await settle({ password: "other" })).masks).not.toEqual(masks);
});

test("is forgotten with the addon; one without secrets has no Secret", async () => {
  await settle();
  await forgetSecrets("web", objects, signal);
  await forgetSecrets("web", objects, signal);
  expect(api.has("/secrets/web")).toBe(false);
  expect(await settleSecrets({ name: "plain", options: {} }, {}, objects, signal)).toEqual({
    values: {},
    masks: {},
  });
  expect(api.has("/secrets/plain")).toBe(false);
});
