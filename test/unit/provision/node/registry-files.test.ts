import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Transport } from "../../../../src/contract/transport.ts";
import { guestPaths } from "../../../../src/provision/node/guest-paths.ts";
import { nodeFiles } from "../../../../src/provision/node/node-files.ts";
import type { NodeInput, RegistryAccess } from "../../../../src/provision/node/node-input.ts";
import {
  accessFiles,
  claimRegistryFiles,
  loginFiles,
  proxyFiles,
} from "../../../../src/provision/node/registry-files.ts";
import { textEntry } from "../../../../src/provision/node/push-entries.ts";
import { unitInputs } from "../../../../src/provision/units/unit-file.ts";
import { nodeSample } from "./node-sample.ts";

const alice = { registry: "reg.example:5000", username: "alice", password: "pw" };
const sample = (registryAccess: Partial<RegistryAccess>, runtime = "containerd"): NodeInput =>
  nodeSample(23, { runtime, registryAccess });
const textOf = ([entry]: ReturnType<typeof loginFiles>): string =>
  entry?.source.kind === "text" ? entry.source.text : "";

/** Hashes of all units by name: those that differ are restarted. */
const hashes = (input: NodeInput): ReadonlyMap<string, string> =>
  new Map(
    Object.values({ ...nodeFiles(input) }).flatMap(({ units }) =>
      units.map((unit) => [unit.name, unitInputs(unit)]),
    ),
  );
const restarted = (from: NodeInput, to: NodeInput): readonly string[] => {
  const before = hashes(from);
  return [...hashes(to)].flatMap(([name, hash]) => (before.get(name) === hash ? [] : [name]));
};

test("the kubelet gets logins in docker's form, for root alone", () => {
  const hub = { registry: "docker.io", username: "bob", password: "a:b" };
  const files = loginFiles(sample({ logins: [hub, alice] }));
  expect(files).toMatchObject([{ path: "/var/lib/kubelet/config.json", mode: 0o600 }]);
  expect(JSON.parse(textOf(files))).toEqual({
    auths: {
      "https://index.docker.io/v1/": { auth: "Ym9iOmE6Yg==" },
      "reg.example:5000": { auth: "YWxpY2U6cHc=" },
    },
  });
});

test("without registries, logins and a proxy there is no file and no line more", () => {
  const input = sample({});
  expect(accessFiles(input)).toEqual([]);
  const runtime = nodeFiles(input).runtime.files.find(({ path }) => path.endsWith("/containerd.service"));
  expect(textOf(runtime ? [runtime] : [])).not.toContain("EnvironmentFile");
});

test("a node never gets more than is written here, and all of it is pushed", () => {
  const input = sample({
    registries: [{ name: "reg.example", mirrors: [], insecure: true, authority: "pem\n" }],
    logins: [alice],
    proxy: { HTTP_PROXY: "http://p.example" },
  });
  const pushed = Object.values({ ...nodeFiles(input) }).flatMap(({ files }) => files);
  for (const entry of accessFiles(input)) expect(pushed).toContainEqual(entry);
  expect(accessFiles(input).map(({ path }) => path)).toEqual([
    "/etc/containerd/certs.d/reg.example/hosts.toml",
    "/etc/containerd/certs.d/reg.example/ca.crt",
    "/var/lib/kubelet/config.json",
    "/var/lib/localkube/proxy.env",
  ]);
});

test("what is restarted: the kubelet for a login, the runtime for a proxy, nobody for what is read at each pull", () => {
  const registries = [
    { name: "docker.io", mirrors: ["https://m.example"], insecure: false, authority: "pem\n" },
  ];
  const none = sample({});
  expect(restarted(none, sample({ registries }))).toEqual([]);
  expect(restarted(none, sample({ logins: [alice] }))).toEqual(["kubelet.service"]);
  expect(restarted(sample({ logins: [alice] }), sample({ logins: [{ ...alice, password: "new" }] }))).toEqual(
    ["kubelet.service"],
  );
  expect(restarted(none, sample({ proxy: { HTTP_PROXY: "http://p.example" } }))).toEqual([
    "containerd.service",
  ]);
  const withDocker = (access: Partial<RegistryAccess>) => sample(access, "docker");
  expect(restarted(withDocker({}), withDocker({ registries }))).toEqual(["docker.service"]);
  const trusted = registries.map((registry) => ({ ...registry, mirrors: [] }));
  expect(restarted(withDocker({}), withDocker({ registries: trusted }))).toEqual([]);
});

test("the proxy is in a file for root alone, without the cluster's own networks, and the unit reads it", () => {
  const input = sample({
    proxy: { HTTPS_PROXY: "http://alice:pw@p.example:3128", NO_PROXY: "corp.example, localhost" },
  });
  expect(proxyFiles(input)).toMatchObject([{ path: "/var/lib/localkube/proxy.env", mode: 0o600 }]);
  expect(textOf(proxyFiles(input))).toBe(
    "HTTPS_PROXY=http://alice:pw@p.example:3128\n" +
      "NO_PROXY=corp.example,localhost,127.0.0.1,::1,.svc,.cluster.local,10.244.0.0/16,10.96.0.0/12,192.168.50.2,sample\n",
  );
  const unit = nodeFiles(input).runtime.files.filter(({ path }) => path.endsWith("/containerd.service"));
  expect(textOf(unit)).toContain("[Service]\nEnvironmentFile=-/var/lib/localkube/proxy.env\n");
  expect(textOf(unit)).not.toContain("alice");
});

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "localkube-claim-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Runs the script here, with another state folder. */
const transport = {
  endpoint: { host: "192.0.2.1" },
  exec: async (argv: readonly string[], { stdin = "" }: { stdin?: string }) => {
    const [program = "", ...args] = argv.map((word) =>
      word === guestPaths.state ? join(root, "state") : word,
    );
    const running = promisify(execFile)(program, args);
    running.child.stdin?.end(stdin);
    return { exitCode: 0, ...(await running) };
  },
} as unknown as Transport;
const claim = (wanted: readonly string[]) =>
  claimRegistryFiles(
    transport,
    wanted.map((path) => textEntry(join(root, path), "")),
    [join(root, "certs.d"), join(root, "config.json")],
    { signal: AbortSignal.timeout(20_000) },
  );
const place = async (path: string, content = "ours\n"): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
};

test("files of an earlier start go when they are no longer wanted, with the registry's folder", async () => {
  expect(await claim(["certs.d/a/hosts.toml", "certs.d/b/hosts.toml", "config.json"])).toEqual([]);
  for (const path of ["certs.d/a/hosts.toml", "certs.d/b/hosts.toml", "config.json"]) await place(path);
  // By hand, and noted by nobody.
  await place("certs.d/b/own.pem", "theirs\n");
  expect(await claim(["certs.d/a/hosts.toml"])).toEqual([
    join(root, "certs.d/b/hosts.toml"),
    join(root, "config.json"),
  ]);
  expect(await readFile(join(root, "certs.d/b/own.pem"), "utf8")).toBe("theirs\n");
  expect(await claim([])).toEqual([join(root, "certs.d/a/hosts.toml")]);
  await expect(readFile(join(root, "certs.d/a"), "utf8")).rejects.toThrow("ENOENT");
  expect(await claim([])).toEqual([]);
});

test("what push has listed counts as ours too", async () => {
  await place("certs.d/a/hosts.toml");
  await place("state/pushed.list", `${"0".repeat(64)} 1 2 3 4 ${join(root, "certs.d/a/hosts.toml")}\n`);
  expect(await claim([])).toEqual([join(root, "certs.d/a/hosts.toml")]);
});

test("a file that is not ours stops everything, and nothing changes", async () => {
  await claim(["certs.d/a/hosts.toml"]);
  await place("certs.d/a/hosts.toml");
  await place("certs.d/b/hosts.toml", "theirs\n");
  await expect(claim(["certs.d/b/hosts.toml"])).rejects.toMatchObject({
    id: "REGISTRY_FILE_FOREIGN",
    message: expect.stringContaining("certs.d/b/hosts.toml") as string,
  });
  expect(await readFile(join(root, "certs.d/a/hosts.toml"), "utf8")).toBe("ours\n");
  expect(await readFile(join(root, "certs.d/b/hosts.toml"), "utf8")).toBe("theirs\n");
  expect(await readFile(join(root, "state/placed.list"), "utf8")).toBe(
    `${join(root, "certs.d/a/hosts.toml")}\n`,
  );
});
