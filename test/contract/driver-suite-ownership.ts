import { mkdir, realpath, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ensureKeys } from "../../src/machine/ssh/keys.ts";
import type { DriverUnderTest, DriverWorld } from "./driver-world.ts";

const code = (id: string) => expect.objectContaining({ id }) as unknown;

/** Whose a machine is: names that others have already, and users of other state folders. `made` is the state of a machine not started yet. */
export function ownershipTests(
  subject: DriverUnderTest,
  world: DriverWorld,
  made: "running" | "stopped",
): void {
  const { driver, host, context, spec, traces } = world;

  const otherKeys = async () => {
    const { identity } = await ensureKeys({
      identityFile: world.path("other"),
      hostKeyFile: world.path("other-host"),
    });
    return { authorizedKey: identity.publicKey };
  };

  for (const [kind, makeForeign] of Object.entries(subject.foreignObjects)) {
    it(`refuses the name of somebody else's ${kind} and does not touch it`, async () => {
      const wanted = spec(`stranger-${kind}`);
      world.forget(wanted.name);
      const remove = await makeForeign(wanted.name, context());
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
}
