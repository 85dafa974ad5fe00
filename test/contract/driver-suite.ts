import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MachineRef } from "../../src/contract/driver.ts";
import { ensureKeys } from "../../src/machine/ssh/keys.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { interruptionTests } from "./driver-suite-interrupted.ts";
import { ownershipTests } from "./driver-suite-ownership.ts";
import { type DriverUnderTest, type DriverWorld, driverWorld } from "./driver-world.ts";

const graceMs = 20_000;

/** Registers tests of a machine that runs and may be stopped, grown and started; they leave it running. */
export type MoreTests = (subject: DriverUnderTest, world: DriverWorld, machine: () => MachineRef) => void;

/**
 * The contract of src/contract/driver.ts against a real hypervisor. Machine names begin with `prefix`. An emulated machine boots for most
 * of a minute: tests that only need one that runs share it, `more` included.
 */
export function driverSuite(subject: DriverUnderTest, prefix: string, more?: MoreTests): void {
  const { definition } = subject;
  const world = driverWorld(subject, prefix);
  const { driver, host, context, spec, traces, withSsh, bootMs } = world;
  const { limits, other } = subject;
  /** Of a machine that was made and not started. */
  const made = subject.isMetal ? "running" : "stopped";
  const code = (id: string) => expect.objectContaining({ id }) as unknown;

  /** Where a create is killed whose machine is then booted; at the other points it is only started. */
  const lastKillPoint = subject.killPoints.at(-1);

  beforeAll(() => world.open(), 900_000);
  afterAll(() => world.close(), 120_000);

  it("says within 5 s that it works here", async () => {
    const begun = performance.now();
    expect(await definition.probe(host)).toMatchObject({ usable: true });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it("has the operations its capabilities tell, and no others", () => {
    const { suspend, snapshot, resize, volumes } = definition.capabilities;
    expect({
      suspend: driver.suspend !== undefined,
      snapshot: driver.snapshots !== undefined,
      resize: driver.resize !== undefined,
      volumes: driver.volumes !== undefined,
    }).toEqual({ suspend, snapshot, resize, volumes });
  });

  describe("one machine", () => {
    let m: MachineRef;
    beforeAll(async () => {
      m = await driver.create(spec("one"), context());
    }, 180_000);

    it(`is made once from equal specs, and is ${made}`, async () => {
      expect(await driver.state(m, context())).toBe(made);
      expect(await driver.create(spec("one"), context())).toEqual(m);
      expect(JSON.parse(JSON.stringify(m))).toEqual(m);
    });

    it("starts, and starting it again is nothing", async () => {
      await driver.start(m, context());
      await driver.start(m, context());
      expect(await driver.state(m, context())).toBe("running");
    });

    if (!subject.isExistingHost)
      it("answers with the injected host key to our login key alone", async () => {
        await withSsh(m, async (transport) => {
          const { stdout } = await transport.exec(["hostname"]);
          expect(stdout.trim()).toBe("one-host");
          const mode = await transport.exec(["stat", "-c", "%a", "/etc/ssh/ssh_host_ed25519_key"]);
          expect(mode.stdout.trim()).toBe("600");
        });
        const strange = await ensureKeys({
          identityFile: world.path("other"),
          hostKeyFile: world.path("other-host"),
        });
        const endpoint = {
          host: m.access?.host ?? "127.0.0.1",
          port: m.ports.ssh,
          user: "root",
          identityFile: world.path("id"),
        };
        const options = {
          signal: AbortSignal.timeout(bootMs),
          timeoutMs: bootMs,
          log: () => undefined,
        };
        await expect(connect({ ...endpoint, hostKey: strange.hostKey.publicKey }, options)).rejects.toEqual(
          code("SSH_HOST_KEY_MISMATCH"),
        );
        const stranger = {
          ...endpoint,
          identityFile: world.path("other"),
          hostKey: world.keys().hostKey.publicKey,
        };
        await expect(connect(stranger, options)).rejects.toEqual(code("SSH_AUTH_FAILED"));
      });

    if (limits)
      it("has the memory and the CPUs it was given", async () => {
        const { script, lost } = limits;
        const { stdout } = await withSsh(m, (transport) => transport.exec(["sh", "-c", script]));
        const [memory = 0, cpus] = stdout.trim().split(" ").map(Number);
        expect(memory).toBeLessThanOrEqual(1536 * 1024 * 1024);
        expect(memory).toBeGreaterThanOrEqual(1536 * 1024 * 1024 - lost);
        expect(cpus).toBe(1);
      });

    it("refuses another spec of that name and leaves the machine as it is", async () => {
      await expect(
        driver.create(
          spec("one", (typeof other === "function" ? other() : other) ?? { memoryMiB: 1600 }),
          context(),
        ),
      ).rejects.toEqual(code("DRIVER_MACHINE_DIFFERS"));
      expect(await driver.state(m, context())).toBe("running");
    });

    if (subject.pause)
      it("tells a paused machine, wakes it by start", async () => {
        await subject.pause?.(m.name, context());
        expect(await driver.state(m, context())).toBe("paused");
        await driver.start(m, context());
        expect(await driver.state(m, context())).toBe("running");
      });

    it("is listed with its state", async () => {
      expect(await driver.list(context())).toContainEqual({ name: m.name, state: "running" });
    });

    if (!subject.isExistingHost) {
      const how = lastKillPoint ? `, whose create was killed at '${lastKillPoint}' and goes on` : "";
      it(`gives a second machine of the cluster${how}, another address, other ports and cgroups`, async () => {
        const { network } = spec("one");
        const wanted = spec("two", { network: { ...network, index: 1 } });
        if (lastKillPoint) await world.createKilled(wanted, lastKillPoint);
        const second = await driver.create(wanted, context());
        expect(second.address).not.toBe(m.address);
        // A machine with its own sshd has ports of its own; only the tunnels' are this host's.
        const ports = [m, second].flatMap((one) => {
          if (one.api === "direct") return [];
          return one.access ? [one.ports.api] : Object.values(one.ports);
        });
        expect(new Set(ports).size).toBe(ports.length);
        await driver.start(second, context());
        const unit = ["systemd-run", "--unit=only-here", "sleep", "infinity"] as const;
        await withSsh(m, (transport) => transport.exec(unit));
        const find = ["find", "/sys/fs/cgroup", "-name", "only-here.service"] as const;
        expect((await withSsh(second, (transport) => transport.exec(find))).stdout).toBe("");
        expect((await withSsh(m, (transport) => transport.exec(find))).stdout).toContain("only-here");
        await withSsh(m, (transport) => transport.exec(["systemctl", "stop", "only-here"]));
        if (subject.nodesMeet) {
          const greeting = `exec 3<>/dev/tcp/${m.address}/22; head -c 4 <&3`;
          const argv = ["timeout", "20", "bash", "-c", greeting] as const;
          expect((await withSsh(second, (transport) => transport.exec(argv))).stdout).toBe("SSH-");
        }
        await driver.removeByName(second.name, context());
        expect(await traces("two")).toEqual([]);
        expect(await driver.state(m, context())).toBe("running");
        // Neither did it take along what both shared.
        await withSsh(m, (transport) => transport.exec(["true"]));
      });
    }

    let before: string;
    it("stops in good order, and stopping twice is nothing", async () => {
      before = await withSsh(m, async (transport) => {
        await transport.exec(["sh", "-c", "echo kept > /var/lib/kept; echo kept > /root/kept; sync"]);
        return (await transport.exec(["ip", "-4", "-o", "addr", "show", "scope", "global"])).stdout;
      });
      expect(before).toContain(`${m.address}/`);
      await driver.stop(m, { ...context(), graceMs });
      expect(await driver.state(m, context())).toBe("stopped");
      await driver.stop(m, { ...context(), graceMs });
      expect(await driver.state(m, context())).toBe("stopped");
    });

    if (!subject.isExistingHost && !subject.isMetal && (subject.forwards ?? true))
      it("names the port that another program took meanwhile, and stays stopped", async () => {
        const squatter = createServer().listen(m.ports.ssh, "127.0.0.1");
        await once(squatter, "listening");
        try {
          await expect(driver.start(m, context())).rejects.toMatchObject({
            id: "DRIVER_PORT_TAKEN",
            params: { port: m.ports.ssh },
          });
        } finally {
          squatter.close();
          await once(squatter, "close");
        }
        expect(await driver.state(m, context())).toBe("stopped");
      });

    it("starts again with its address, its ports and its data", async () => {
      await driver.start(m, context());
      await withSsh(m, async (transport) => {
        expect((await transport.exec(["cat", "/var/lib/kept", "/root/kept"])).stdout).toBe("kept\nkept\n");
        const { stdout } = await transport.exec(["ip", "-4", "-o", "addr", "show", "scope", "global"]);
        expect(stdout).toContain(`${m.address}/`);
      });
    });

    if (more) describe("that runs", () => more(subject, world, () => m));

    if (!subject.isExistingHost && !subject.isMetal)
      it("ends by force, soon after the grace time, when it ignores the shutdown", async () => {
        await withSsh(m, async (transport) => {
          const unit =
            "[Service]\nExecStart=sleep infinity\nExecStop=sleep infinity\nTimeoutStopSec=infinity\n";
          const script = "cat > /run/systemd/system/stubborn.service && systemctl start stubborn";
          await transport.exec(["sh", "-c", script], { stdin: unit });
        });
        const begun = performance.now();
        await driver.stop(m, { ...context(), graceMs: 2000 });
        const took = performance.now() - begun;
        expect(await driver.state(m, context())).toBe("stopped");
        expect(took).toBeGreaterThan(1900);
        expect(took).toBeLessThan(15_000);
      });

    it("explains itself to a person", async () => {
      expect(await driver.diagnose(m, context())).toContain(m.name);
    });

    it("is removed while it runs, and removing it again is nothing", async () => {
      await driver.start(m, context());
      await driver.remove(m, context());
      expect(await traces("one")).toEqual([]);
      await driver.remove(m, context());
      await driver.stop(m, { ...context(), graceMs });
      expect(await driver.state(m, context())).toBe("absent");
      await expect(driver.start(m, context())).rejects.toEqual(code("DRIVER_MACHINE_ABSENT"));
    });
  });

  if (!subject.isExistingHost && !subject.isMetal)
    it("creates again what was created from another spec but never ran, because it holds no data", async () => {
      const first = await driver.create(spec("again"), context());
      const second = await driver.create(spec("again", { memoryMiB: 1600 }), context());
      expect(second.id).not.toBe(first.id);
      await driver.remove(second, context());
      expect(await traces("again")).toEqual([]);
    });

  it("leaves nothing of a machine that was removed behind our back, and lists what is left until then", async () => {
    const m = await driver.create(spec("behind"), context());
    await subject.removeBehindOurBack(m.name, context());
    expect(await driver.state(m, context())).toBe("absent");
    expect(await driver.list(context())).toContainEqual({ name: m.name, state: "absent" });
    await driver.remove(m, context());
    expect(await traces("behind")).toEqual([]);
    expect((await driver.list(context())).map(({ name }) => name)).not.toContain(m.name);
  });

  ownershipTests(subject, world, made);
  interruptionTests(subject, world);
}
