import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { mergeKubeconfig } from "../../../src/provision/kubeconfig/merge-kubeconfig.ts";
import { removeKubeconfig } from "../../../src/provision/kubeconfig/remove-kubeconfig.ts";
import { foreign, kubeconfigHome } from "./kubeconfig-home.ts";

const { at, host, input, place, text, load } = kubeconfigHome();

test("a new kubeconfig is private, complete and made with its folder", async () => {
  expect(await mergeKubeconfig(input(), host())).toEqual({ file: at.file, changed: true });
  expect((await stat(at.file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(at.home, ".kube"))).mode & 0o777).toBe(0o700);
  const mark = [{ name: "localkube", extension: { profile: "demo" } }];
  expect(await load()).toEqual({
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    "current-context": "demo",
    clusters: [
      {
        name: "demo",
        cluster: {
          server: "https://127.0.0.1:40443",
          "certificate-authority": join(at.home, "ca.crt"),
          extensions: mark,
        },
      },
    ],
    users: [
      {
        name: "demo",
        user: {
          "client-certificate": join(at.home, "admin.crt"),
          "client-key": join(at.home, "admin.key"),
          extensions: mark,
        },
      },
    ],
    contexts: [
      {
        name: "demo",
        context: {
          cluster: "demo",
          user: "demo",
          extensions: [{ name: "localkube", extension: { profile: "demo", "made-this-file": "true" } }],
        },
      },
    ],
  });
});

test("foreign text stays as it is, byte for byte, and deleting restores all of it", async () => {
  await place(foreign);
  await chmod(at.file, 0o640);
  await mergeKubeconfig(input(), host());
  const merged = await text();
  const lines = merged.split("\n");
  for (const line of foreign.split("\n").filter((text) => text !== "current-context: work"))
    expect(lines).toContain(line);
  expect((await load())["current-context"]).toBe("demo");
  await removeKubeconfig("demo", host());
  expect(await text()).toBe(foreign);
  expect((await stat(at.file)).mode & 0o777).toBe(0o640);
});

test("a list indented under its key stays so", async () => {
  const indented =
    "clusters:\n    - name: a\n      cluster:\n          server: https://a\ncontexts: []\nusers: []\ncurrent-context: ''\n";
  await place(indented);
  await mergeKubeconfig(input(), host());
  expect(await text()).toContain(indented.split("contexts")[0]);
  await removeKubeconfig("demo", host());
  expect(parse(await text())).toEqual(parse(indented));
});

test("merging twice changes nothing; a new server address is all that changes", async () => {
  await place(foreign);
  await mergeKubeconfig(input(), host());
  const first = await text();
  expect(await mergeKubeconfig(input(), host())).toEqual({ file: at.file, changed: false });
  expect(await text()).toBe(first);
  await mergeKubeconfig(input("demo", { server: "https://127.0.0.1:50000" }), host());
  expect(await text()).toBe(first.replace(":40443", ":50000"));
});

test("what the user added to our context stays", async () => {
  await mergeKubeconfig(input(), host());
  const before = await text();
  await writeFile(at.file, before.replace("    cluster: demo\n", "    cluster: demo\n    namespace: dev\n"));
  await mergeKubeconfig(input("demo", { server: "https://127.0.0.1:50000" }), host());
  expect((await load()).contexts[0]?.context["namespace"]).toBe("dev");
});

test("certificates are embedded on demand, and by path again afterwards", async () => {
  await mergeKubeconfig(input("demo", { embedCerts: true, tlsServerName: "kube.example.org" }), host());
  const embedded = await load();
  const base64 = (text: string) => Buffer.from(`content of ${text}\n`).toString("base64");
  expect(embedded.clusters[0]?.cluster).toMatchObject({
    "certificate-authority-data": base64("ca.crt"),
    "tls-server-name": "kube.example.org",
  });
  expect(embedded.clusters[0]?.cluster).not.toHaveProperty("certificate-authority");
  expect(embedded.users[0]?.user).toMatchObject({
    "client-certificate-data": base64("admin.crt"),
    "client-key-data": base64("admin.key"),
  });
  await mergeKubeconfig(input(), host());
  const byPath = await load();
  expect(Object.keys(byPath.clusters[0]?.cluster ?? {}).sort()).toEqual([
    "certificate-authority",
    "extensions",
    "server",
  ]);
  expect(Object.keys(byPath.users[0]?.user ?? {}).sort()).toEqual([
    "client-certificate",
    "client-key",
    "extensions",
  ]);
});

describe("the current context", () => {
  const current = async () => (await load())["current-context"];

  test("stays with keepContext", async () => {
    await place(foreign);
    await mergeKubeconfig(input("demo", { keepContext: true }), host());
    expect(await current()).toBe("work");
    await removeKubeconfig("demo", host());
    expect(await current()).toBe("work");
  });

  test("is not touched by a delete when it is another's by then", async () => {
    await place(foreign);
    await mergeKubeconfig(input(), host());
    await writeFile(at.file, (await text()).replace("current-context: demo", "current-context: work"));
    await removeKubeconfig("demo", host());
    expect(await current()).toBe("work");
  });

  test("is empty after a delete when the former one is gone", async () => {
    await place(foreign);
    await mergeKubeconfig(input(), host());
    await writeFile(at.file, (await text()).replace("me@work\n  name: work", "me@work\n  name: elsewhere"));
    await removeKubeconfig("demo", host());
    expect(await current()).toBe("");
  });

  test.each([
    [["one", "two"], "two", "work"],
    [["two", "one"], "work", "work"],
  ])("goes back through two clusters deleted as %s", async (order, between, end) => {
    await place(foreign);
    await mergeKubeconfig(input("one"), host());
    await mergeKubeconfig(input("two"), host());
    await removeKubeconfig(order[0] ?? "", host());
    expect(await current()).toBe(order[0] === "two" ? "one" : between);
    await removeKubeconfig(order[1] ?? "", host());
    expect(await current()).toBe(end);
    expect(await text()).toBe(foreign);
  });
});
