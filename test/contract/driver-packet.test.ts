import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { usualPacing } from "../../drivers/packet/api/connection.ts";
import { packetDriver } from "../../drivers/packet/index.ts";
import { type PodmanMachines, podmanMachines } from "../rigs/packet/podman-machines.ts";
import { type Provider, startProvider } from "../rigs/packet/provider.ts";
import { driverSuite } from "./driver-suite.ts";

const stateDir = await mkdtemp(join(tmpdir(), "localkube-ptest-"));
let machines: PodmanMachines;
let provider: Provider;

// Registered before the suite's own, so that it runs after it: hooks of one kind run last first.
afterAll(async () => {
  expect(await machines?.traces()).toEqual([]);
  await machines?.close();
  await provider?.close();
  await rm(stateDir, { recursive: true, force: true });
}, 60_000);

const devicesOf = (name: string) =>
  [...provider.room.devices.values()].filter(({ input }) =>
    ((input["tags"] ?? []) as string[]).includes(`localkube-machine-${name}`),
  );

const options = () => ({
  "packet-endpoint": provider.endpoint,
  "packet-ca-file": join(stateDir, "ca.pem"),
  "packet-token-file": join(stateDir, "token"),
  "packet-plan": "c3.small.x86",
  "packet-metro": "fr",
});

driverSuite(
  {
    definition: packetDriver({ ...usualPacing, pollMs: [200], lostMs: [0, 200, 500], retryMs: [50, 50] }),
    stateDir,
    async image(c) {
      machines = await podmanMachines(c);
      provider = await startProvider({ machines, byItself: true });
      await writeFile(join(stateDir, "ca.pem"), provider.authority);
      await writeFile(join(stateDir, "token"), provider.token, { mode: 0o600 });
      return { kind: "none", file: "", key: "" };
    },
    isMetal: true,
    options,
    other: () => ({ options: { ...options(), "packet-plan": "m3.large.x86" } }),
    traces: (prefix) =>
      Promise.resolve(
        [
          ...[...provider.room.devices.values()].map(({ input }) => ["device", input["tags"]] as const),
          ...[...provider.room.keys.values()].map(({ tags }) => ["key", tags] as const),
        ].flatMap(([kind, tags]) =>
          ((tags ?? []) as string[])
            .filter((tag) => tag.startsWith(`localkube-machine-${prefix}`))
            .map((tag) => `${kind} ${tag}`),
        ),
      ),
    async removeBehindOurBack(name) {
      for (const device of devicesOf(name)) provider.room.remove(device);
      await provider.room.settle();
    },
    foreignObjects: {},
    killPoints: [],
  },
  "localkube-ptest",
);
