import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkRoutes, checkSpecOnHost } from "../../../../src/cluster/spec/check-spec-on-host.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import type { SpecLayer } from "../../../../src/spec/fields.ts";
import { resolveSpec } from "../../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "../../spec/surroundings.ts";

const capacity = { cpus: 4, memoryMiB: 8192 };
const spec = (flags: SpecLayer = {}) => resolveSpec({ flags }, surroundingsOf({ capacity }));
const routes = [
  { dst: "192.168.0.0/16", dev: "wlan0" },
  { dst: "10.99.0.0/16", dev: "tun0" },
];
const host: Pick<HostContext, "run"> = {
  run: () => Promise.resolve({ exitCode: 0, stdout: JSON.stringify(routes), stderr: "" }),
};
const quiet: Pick<HostContext, "run"> = {
  run: () => Promise.resolve({ exitCode: 0, stdout: "[]", stderr: "" }),
};

test("a spec that fits passes", async () => {
  await checkSpecOnHost(spec(), quiet, { capacity });
});

test("the size of another computer is not measured by this one", async () => {
  await checkSpecOnHost(spec({ cpus: 64, memory: "512G" }), quiet, { capacity, isElsewhere: true });
  await expect(checkSpecOnHost(spec({ cpus: 64 }), quiet, { capacity })).rejects.toMatchObject({
    id: "CPUS_TOO_MANY",
  });
});

test.each([
  [{ cpus: 5 }, "CPUS_TOO_MANY", "5 CPUs were asked for, the host has 4"],
  [{ memory: "9G" }, "MEMORY_TOO_LARGE", "the host has 8192 MiB"],
  [{ cni: "/nowhere/net.conflist" }, "CNI_FILE_UNREADABLE", "there is no such file"],
  [{ cni: tmpdir() }, "CNI_FILE_UNREADABLE", "not a file"],
])("%o is %s", async (flags, id, part) => {
  await expect(checkSpecOnHost(spec(flags), quiet, { capacity })).rejects.toMatchObject({
    id,
    message: expect.stringContaining(part) as string,
  });
});

test("a CIDR that overlaps a route is refused with route, device and an example that is free", async () => {
  await expect(checkSpecOnHost(spec(), host, { capacity })).rejects.toMatchObject({
    id: "CIDR_OVERLAPS_HOST",
    message: "--service-cidr 10.96.0.0/12 overlaps the host's route to 10.99.0.0/16 through tun0",
    fix: expect.stringContaining("--service-cidr 172.30.0.0/16") as string,
  });
  const wide = { serviceCidr: "172.30.0.0/16", podCidr: "192.168.128.0/17" };
  const home = [
    { address: "192.168.0.0", prefix: 16, device: "wlan0" },
    { address: "172.16.0.0", prefix: 12, device: "docker0" },
  ];
  expect(() => checkRoutes({ ...wide, serviceCidr: "10.96.0.0/12" }, home)).toThrow("through wlan0");
  expect(() => checkRoutes(wide, home)).toThrow(
    expect.objectContaining({
      fix: expect.stringContaining("--service-cidr 10.255.0.0/16") as string,
    }) as Error,
  );
});

test("an existing cluster's routes and port are its own", async () => {
  const existing = spec({ cpus: 4 });
  await checkSpecOnHost(existing, host, { existing, capacity: { cpus: 1, memoryMiB: 1024 } });
  await expect(
    checkSpecOnHost({ ...existing, cpus: 3 }, host, { existing, capacity: { cpus: 1, memoryMiB: 1024 } }),
  ).rejects.toMatchObject({ id: "CPUS_TOO_MANY" });
});

test("an API port in use is refused", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const wish = spec({ apiserverPort: port });
    await expect(checkSpecOnHost(wish, quiet, { capacity })).rejects.toMatchObject({ id: "PORT_IN_USE" });
  } finally {
    server.close();
  }
});

test("the port of a running cluster that is made again is free by then, another one must be free now", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const wish = spec({ apiserverPort: port });
    await checkSpecOnHost(wish, quiet, { heldPort: port, capacity });
    await expect(checkSpecOnHost(wish, quiet, { heldPort: port + 1, capacity })).rejects.toMatchObject({
      id: "PORT_IN_USE",
    });
  } finally {
    server.close();
  }
});

test("a CNI file with a mistake is refused before anything is made", async () => {
  const folder = await mkdtemp(join(tmpdir(), "localkube-cni-"));
  try {
    const cni = join(folder, "net.conflist");
    await writeFile(cni, "{ nothing");
    await expect(checkSpecOnHost(spec({ cni }), quiet, { capacity })).rejects.toMatchObject({
      id: "CNI_FILE_INVALID",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a readable CNI file passes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "localkube-cni-"));
  try {
    const cni = join(folder, "net.yaml");
    await writeFile(cni, "apiVersion: v1\nkind: Namespace\nmetadata: { name: net }\n");
    await checkSpecOnHost(spec({ cni }), quiet, { capacity });
  } finally {
    await rm(folder, { recursive: true });
  }
});
