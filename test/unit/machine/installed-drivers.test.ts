import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DriverKit } from "../../../src/contract/driver-kit.ts";
import { choosePorts } from "../../../src/host/choose-ports.ts";
import { findProgram } from "../../../src/host/find-program.ts";
import { freeNetworks } from "../../../src/host/free-networks.ts";
import { findInstalled, loadInstalled } from "../../../src/machine/installed-drivers.ts";
import { recordingHost, testSpec } from "../drivers/recording-host.ts";

const fixture = join(import.meta.dirname, "../../fixtures/localkube-driver-podbox");
const connectSsh: DriverKit["connectSsh"] = () => Promise.reject(new Error("not in this test"));
const kit = { connectSsh, choosePorts, findProgram, freeNetworks };
let modules: string;
let folder: string;

beforeEach(async () => {
  modules = join(await mkdtemp(join(tmpdir(), "localkube-drivers-")), "node_modules");
  folder = join(modules, "localkube-driver-podbox");
  await cp(fixture, folder, { recursive: true });
  await chmod(folder, 0o755);
});
afterEach(() => rm(join(modules, ".."), { recursive: true, force: true }));

const installed = () => findInstalled([modules, join(modules, "none")]);
const load = () => loadInstalled(installed()[0]!, kit);

/** Changes the package's package.json. */
async function repackage(change: (content: Record<string, unknown>) => void): Promise<void> {
  const file = join(folder, "package.json");
  const content = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  change(content);
  await writeFile(file, JSON.stringify(content));
}

test("is described by its package.json alone, also in a scope", async () => {
  await writeFile(join(folder, "index.js"), "throw new Error('loaded')");
  await cp(folder, join(modules, "@acme/localkube-driver-crate"), { recursive: true });
  await mkdir(join(modules, "localkube-drivers"));
  const found = installed();
  expect(found.map(({ name, package: full }) => [name, full])).toEqual([
    ["crate", "@acme/localkube-driver-crate"],
    ["podbox", "localkube-driver-podbox"],
  ]);
  expect(found[1]).toMatchObject({
    summary: "A container of podman, by a driver from npm",
    options: [{ name: "podbox-label", change: "recreate" }],
  });
  expect(found[1]?.problem).toBeUndefined();
  // The option of another driver's name.
  expect(found[0]?.problem).toMatchObject({ id: "DRIVER_PACKAGE_BROKEN" });
});

test("has a definition and errors like a built-in one", async () => {
  const { c } = recordingHost([]);
  const definition = await load();
  expect(definition).toMatchObject({ name: "podbox", priority: "named" });
  const wanted = { ...testSpec, options: { "podbox-label": "blue" } };
  await expect(definition.open(c.host).create(wanted, c)).rejects.toMatchObject({
    id: "PODBOX_LABEL_INVALID",
    exitCode: 2,
    message: "--podbox-label 'blue' is not of the form KEY=VALUE",
    fix: "Write it like --podbox-label team=blue",
  });
  const { host, c: gone } = recordingHost([["container inspect", { exitCode: 1 }]]);
  const machine = { driver: "podbox", name: "m", address: "", addressReachable: true, data: {} };
  const ref = { ...machine, ports: { ssh: 1, api: 2 } };
  await expect(definition.open(host).start(ref, gone)).rejects.toMatchObject({ id: "DRIVER_MACHINE_ABSENT" });
});

test("of another version of the contract is refused without running its code", async () => {
  await writeFile(join(folder, "index.js"), "throw new Error('loaded')");
  await repackage((content) => {
    content["localkube"] = { ...(content["localkube"] as object), apiVersion: 2 };
  });
  await expect(load()).rejects.toMatchObject({
    id: "DRIVER_PACKAGE_VERSION",
    params: { has: 2, wanted: 1, package: "localkube-driver-podbox" },
  });
});

test.each<readonly [string, string, RegExp]>([
  ["that throws", "throw new Error('no such luck')", /no such luck/],
  ["without a default export", "export const x = 1", /not a function/],
  ["with another name", "export default () => ({ apiVersion: 1, name: 'other' })", /named 'other'/],
  ["without methods", "export default () => ({ apiVersion: 1, name: 'podbox' })", /no probe\(\)/],
  [
    "with errors of another driver",
    "export default (kit) => kit.errorsOf({ DRIVER_X: { exit: 1, title: 't', fix: 'f' } })",
    /DRIVER_X does not begin with PODBOX_/,
  ],
])("a module %s is a broken package", async (_what, text, problem) => {
  await writeFile(join(folder, "index.js"), text);
  await expect(load()).rejects.toMatchObject({
    id: "DRIVER_PACKAGE_BROKEN",
    params: { problem: expect.stringMatching(problem) as string },
  });
});

test("a package.json without our field, or that is none, breaks only that package", async () => {
  await writeFile(join(folder, "package.json"), "{");
  await cp(fixture, join(modules, "localkube-driver-bare"), { recursive: true });
  await writeFile(join(modules, "localkube-driver-bare/package.json"), '{"name":"localkube-driver-bare"}');
  expect(installed().map(({ problem }) => problem?.id)).toEqual([
    "DRIVER_PACKAGE_BROKEN",
    "DRIVER_PACKAGE_BROKEN",
  ]);
});

test("what another user may change is not loaded, unless it is below a folder that only we may enter", async () => {
  await chmod(folder, 0o777);
  const home = join(modules, "..");
  // mkdtemp makes it for us alone.
  await expect(load()).resolves.toMatchObject({ name: "podbox" });
  await chmod(home, 0o755);
  await expect(load()).rejects.toMatchObject({ id: "DRIVER_PACKAGE_UNSAFE", params: { path: folder } });
  await chmod(folder, 0o755);
  await expect(load()).resolves.toMatchObject({ name: "podbox" });
  await chmod(join(folder, "index.js"), 0o666);
  await expect(load()).rejects.toMatchObject({ id: "DRIVER_PACKAGE_UNSAFE" });
});
