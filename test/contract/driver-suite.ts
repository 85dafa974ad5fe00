import { once } from "node:events";
import { mkdir, realpath, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MachineRef } from "../../src/contract/driver.ts";
import { ensureKeys } from "../../src/machine/ssh/ensure-keys.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { type DriverUnderTest, type DriverWorld, driverWorld } from "./driver-world.ts";
import { randomMoments, seed } from "./random-moments.ts";

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

  const otherKeys = async () => {
    const { identity } = await ensureKeys({
      identityFile: world.path("other"),
      hostKeyFile: world.path("other-host"),
    });
    return { authorizedKey: identity.publicKey };
  };

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
      it(`gives a second machine${how}, another address, other ports and cgroups`, async () => {
        const wanted = spec("two");
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
        await driver.removeByName(second.name, context());
        expect(await traces("two")).toEqual([]);
        expect(await driver.state(m, context())).toBe("running");
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
    it("makes anew what was made with another spec but never ran, for it holds no data", async () => {
      const first = await driver.create(spec("anew"), context());
      const second = await driver.create(spec("anew", { memoryMiB: 1600 }), context());
      expect(second.id).not.toBe(first.id);
      await driver.remove(second, context());
      expect(await traces("anew")).toEqual([]);
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

  for (const [kind, makeStranger] of Object.entries(subject.strangers)) {
    it(`refuses the name of somebody else's ${kind} and does not touch it`, async () => {
      const wanted = spec(`stranger-${kind}`);
      world.forget(wanted.name);
      const remove = await makeStranger(wanted.name, context());
      try {
        const before = await traces(`stranger-${kind}`);
        expect(before).toHaveLength(1);
        await expect(driver.create(wanted, context())).rejects.toEqual(code("DRIVER_NAME_TAKEN"));
        await expect(driver.removeByName(wanted.name, context())).rejects.toEqual(code("DRIVER_NAME_TAKEN"));
        expect(await traces(`stranger-${kind}`)).toEqual(before);
      } finally {
        await remove();
      }
    });
  }

  // Not `it.skipIf`: a skipped test counts as a failure where everything must run.
  if (subject.isExistingHost) {
    it("is refused to another cluster of the same name, whose folder is another", async () => {
      const m = await driver.create(spec("home"), context());
      const theirs = { ...context(), host: { ...host, stateDir: world.path("elsewhere") } };
      const { authorizedKey } = await otherKeys();
      await expect(driver.create(spec("home", { authorizedKey }), theirs)).rejects.toEqual(
        code("SSH_HOST_TAKEN"),
      );
      await driver.remove(m, context());
      expect(await traces("home")).toEqual([]);
    });
  } else if (subject.stateDir) {
    it("has a machine of the same name for each state folder", async () => {
      const theirs = { ...context(), host: { ...host, stateDir: world.path("elsewhere") } };
      const [mine, other] = [
        await driver.create(spec("home"), context()),
        await driver.create(spec("home"), theirs),
      ];
      expect(other.id).not.toBe(mine.id);
      await driver.remove(mine, context());
      expect(await driver.state(other, theirs)).toBe(made);
      await driver.remove(other, theirs);
      expect(await traces("home")).toEqual([]);
    });
  } else {
    it("leaves alone what belongs to another state folder, also when that folder is not there", async () => {
      const elsewhere = world.path("elsewhere");
      await mkdir(elsewhere);
      const wanted = spec("home");
      const theirs = { ...context(), host: { ...host, stateDir: elsewhere } };
      const machine = await driver.create(wanted, theirs);
      const before = await traces("home");
      expect((await driver.list(context())).map(({ name }) => name)).not.toContain(wanted.name);
      await expect(driver.create(wanted, context())).rejects.toEqual(code("DRIVER_OTHER_HOME"));
      await expect(driver.removeByName(wanted.name, context())).rejects.toEqual(code("DRIVER_OTHER_HOME"));
      // A record of ours that names a machine of theirs: ours is gone, and somebody else has taken its name.
      expect(await driver.state(machine, context())).toBe("absent");
      await driver.stop(machine, { ...context(), graceMs: 1000 });
      await driver.remove(machine, context());
      await expect(driver.start(machine, context())).rejects.toEqual(code("DRIVER_MACHINE_ABSENT"));
      expect(await traces("home")).toEqual(before);
      await rm(elsewhere, { recursive: true });
      expect(await driver.list(context())).toContainEqual({
        name: wanted.name,
        state: "stopped",
        home: await realpath(world.path(".")).then((folder) => join(folder, "elsewhere")),
      });
      await expect(driver.removeByName(wanted.name, context())).rejects.toEqual(code("DRIVER_OTHER_HOME"));
      expect(await traces("home")).toEqual(before);
      // Through a link that leads to the same folder it is theirs too.
      await mkdir(elsewhere);
      await symlink(elsewhere, world.path("link"));
      const linked = { ...context(), host: { ...host, stateDir: world.path("link") } };
      expect(await driver.list(linked)).toContainEqual({ name: wanted.name, state: "stopped" });
      await driver.removeByName(wanted.name, linked);
      expect(await traces("home")).toEqual([]);
    });
  }

  it(`leaves nothing when create is aborted, whenever that happens (seed ${seed})`, async () => {
    for (const ms of [50, 300, 700, ...randomMoments(2, 1600)]) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(new Error("stop it")), ms);
      const outcome = await driver.create(spec("abort"), context(abort.signal)).then(
        (m) => m,
        (error: unknown) => error as Error,
      );
      clearTimeout(timer);
      if (outcome instanceof Error) expect(outcome.message).toBe("stop it");
      else await driver.remove(outcome, context());
      expect(await traces("abort"), `after ${ms} ms`).toEqual([]);
    }
  });

  for (const ms of randomMoments(2, subject.createMs ?? 0, 2).filter((moment) => moment > 0)) {
    it(`goes on after create and its programs were killed inside (seed ${seed}, after ${ms} ms)`, async () => {
      const wanted = spec("inside");
      await world.createKilledWithin(wanted, ms);
      const m = await driver.create(wanted, context());
      await driver.start(m, context());
      expect(await driver.state(m, context())).toBe("running");
      await driver.remove(m, context());
      expect(await traces("inside")).toEqual([]);
      await world.createKilledWithin(wanted, ms);
      await driver.removeByName(wanted.name, context());
      expect(await traces("inside")).toEqual([]);
    });
  }

  // Made again it is the same files: started is enough, for the one that is killed last boots beside the first machine.
  for (const point of subject.killPoints.filter((one) => one !== lastKillPoint)) {
    it(`goes on after create was killed at '${point}'`, async () => {
      const name = `kill-${subject.killPoints.indexOf(point)}`;
      const wanted = spec(name);
      await world.createKilled(wanted, point);
      const m = await driver.create(wanted, context());
      await driver.start(m, context());
      expect(await driver.state(m, context())).toBe("running");
      await driver.remove(m, context());
      expect(await traces(name)).toEqual([]);
    });
  }
}
