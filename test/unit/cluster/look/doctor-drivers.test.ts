import { expect, test } from "vitest";
import {
  driverChecks,
  leftoverMachines,
  type ProbedDriver,
} from "../../../../src/cluster/look/doctor-drivers.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import type { DriverDefinition, Probe } from "../../../../src/contract/driver.ts";
import type { ListedCluster } from "../../../../src/state/store.ts";

/** A driver as the registry gives it; only what `doctor` asks of it is there. */
const driver = (name: string, probe: Probe, machines: readonly string[] = []): ProbedDriver => ({
  definition: {
    name,
    open: () => ({
      list: () => Promise.resolve(machines.map((machine) => ({ name: machine, state: "stopped" }))),
    }),
  } as unknown as DriverDefinition,
  probe,
});
const named = (name: string, probe: Probe): ProbedDriver => {
  const made = driver(name, probe);
  return { ...made, definition: { ...made.definition, priority: "named" } };
};
const works: Probe = { usable: true, version: "4.3.1" };
const broken: Probe = { usable: false, problem: "docker is not installed", fix: "apt-get install docker.io" };
const host = hostContext({ HOME: "/nonexistent" });

const statuses = (drivers: readonly ProbedDriver[]) => {
  const names = drivers.map(({ definition }) => definition.name);
  return Promise.all(driverChecks(names, Promise.resolve(drivers)).map((check) => check.run(host)));
};

test("a driver that cannot be used is a warning beside one that can, else a failure", async () => {
  expect(await statuses([driver("podman", works), driver("docker", broken)])).toEqual([
    { status: "ok", detail: "podman 4.3.1 can be used" },
    { status: "warn", detail: "docker is not installed", fix: "apt-get install docker.io" },
  ]);
  const [alone] = await statuses([driver("docker", broken)]);
  expect(alone?.status).toBe("fail");
  const [besideNamed] = await statuses([driver("docker", broken), named("ssh", works)]);
  expect(besideNamed?.status).toBe("fail");
});

test("a driver that needs a server elsewhere says what to bring, and does not stand for this host", async () => {
  const { definition, probe } = driver("packet", { usable: true, note: "where an API is named" });
  const elsewhere = { definition: { ...definition, priority: "named" as const }, probe };
  expect(await statuses([elsewhere, driver("docker", broken)])).toMatchObject([
    { status: "ok", detail: "it can be used, where an API is named" },
    { status: "fail" },
  ]);
});

test("leftovers are machines without a profile, of usable drivers; a profile that cannot be read keeps its machine", async () => {
  const drivers = [
    driver("podman", works, ["localkube-one", "localkube-gone", "localkube-bad"]),
    driver("docker", broken, ["localkube-unseen"]),
  ];
  const clusters = [{ name: "one" }, { name: "bad", problem: new Error("x") }] as unknown as ListedCluster[];
  const { signal } = new AbortController();
  const context = { host, signal, emit: () => undefined, log: () => undefined };
  expect(await leftoverMachines(drivers, clusters, host, context)).toEqual([
    { driver: "podman", name: "localkube-gone" },
  ]);
});
