import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRegistryAccess } from "../../../../src/cluster/start/registry-access.ts";
import type { UseCaseContext } from "../../../../src/cluster/access/use-case.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import { runtimeFor } from "../../../../src/runtimes/registry.ts";
import type { ClusterSpec } from "../../../../src/spec/fields.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-access-"));
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test"];
  await promisify(execFile)("openssl", [...request, ...files], { cwd: folder });
  await writeFile(
    at("both.pem"),
    (await readFile(at("ca.key"), "utf8")) + (await readFile(at("ca.pem"), "utf8")),
  );
  await writeFile(at("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (
  registries: Partial<ClusterSpec["registries"]>,
  { env = {}, runtime = "containerd" }: { env?: Record<string, string>; runtime?: string } = {},
) => {
  const warnings: string[] = [];
  const context: UseCaseContext = {
    host: { ...hostContext(), env: { HOME: folder, ...env } },
    signal: AbortSignal.timeout(20_000),
    emit: (event) => {
      if (event.type === "notice") warnings.push(`${event.level}: ${event.text}`);
    },
    log: () => undefined,
  };
  const spec = sampleSpec();
  const access = await readRegistryAccess(
    { ...spec, registries: { ...spec.registries, ...registries } },
    runtimeFor(runtime, { version: "v1.23", minor: 23 }),
    context,
  );
  return { ...access, warnings };
};

test("what is wanted of a registry is in one entry, with the certificates of its file and no key beside them", async () => {
  const { registries } = await read({
    mirrors: { "docker.io": ["https://m.example"] },
    insecure: ["reg.example"],
    authorities: { "m.example": at("both.pem"), "reg.example": at("ca.pem") },
  });
  const authority = await readFile(at("ca.pem"), "utf8");
  expect(registries).toEqual([
    { name: "docker.io", mirrors: ["https://m.example"], insecure: false },
    { name: "m.example", mirrors: [], insecure: false, authority },
    { name: "reg.example", mirrors: [], insecure: true, authority },
  ]);
});

test.each([
  ["none.pem", /there is no such file/],
  ["ca.key", /no certificate in PEM form/],
  ["broken.pem", /cannot be read/],
  ["", /EISDIR/],
])("the authority %s is refused by name", async (name, problem) => {
  await expect(read({ authorities: { "reg.example": join(folder, name) } })).rejects.toMatchObject({
    id: "REGISTRY_CA_UNUSABLE",
    message: expect.stringMatching(problem) as string,
  });
});

test("a runtime that cannot do it refuses, and a missing login too", async () => {
  await expect(
    read({ mirrors: { "quay.io": ["https://m.example"] } }, { runtime: "docker" }),
  ).rejects.toMatchObject({ id: "REGISTRY_NOT_FOR_RUNTIME" });
  await expect(read({ logins: { "reg.example": "" } })).rejects.toMatchObject({
    id: "REGISTRY_LOGIN_MISSING",
  });
});

const proxies = {
  http_proxy: "http://p.example:1",
  HTTPS_PROXY: "http://alice:pw@p.example:2",
  NO_PROXY: "corp.example",
};

test("the proxy of this host goes to the nodes unless it is to stay here", async () => {
  expect(await read({}, { env: proxies })).toMatchObject({
    proxy: {
      HTTP_PROXY: "http://p.example:1",
      HTTPS_PROXY: "http://alice:pw@p.example:2",
      NO_PROXY: "corp.example",
    },
    warnings: [],
  });
  expect((await read({ hostProxy: false }, { env: proxies })).proxy).toEqual({});
  expect((await read({}, { env: { NO_PROXY: "corp.example" } })).proxy).toEqual({});
});

test.each([
  ["localhost:3128"],
  ["http://alice:pw@127.0.0.1:3128"],
  ["http://[::1]:3128"],
  ["http://proxy.localhost:3128"],
])("a proxy on this host's loopback, %s, is told and left out", async (address) => {
  const { proxy, warnings } = await read({}, { env: { HTTPS_PROXY: address } });
  expect(proxy).toEqual({});
  expect(warnings).toEqual([expect.stringMatching(/^warning: HTTPS_PROXY .* loopback/)]);
  expect(warnings.join()).not.toContain("pw");
});

test("what is no proxy is told and left out, and cannot add a line", async () => {
  const { proxy, warnings } = await read(
    {},
    { env: { HTTP_PROXY: "http://a\nLD_PRELOAD=/x", HTTPS_PROXY: "http://p.example" } },
  );
  expect(proxy).toEqual({ HTTPS_PROXY: "http://p.example" });
  expect(warnings).toHaveLength(1);
});
