import { expect, it } from "vitest";
import type { DriverUnderTest, DriverWorld } from "./driver-world.ts";
import { randomMoments, seed } from "./random-moments.ts";

/** A `create` that is aborted or killed anywhere: nothing stays, or the next one goes on. */
export function interruptionTests(subject: DriverUnderTest, world: DriverWorld): void {
  const { driver, context, spec, traces } = world;
  const lastKillPoint = subject.killPoints.at(-1);

  it(`leaves nothing when create is aborted, whenever that happens (seed ${seed})`, async () => {
    for (const ms of [50, 150, 300, 700, ...randomMoments(2, 1600)]) {
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

  const { lasting } = subject;
  if (lasting)
    it(`waits for the '${lasting.join(" ")}' that a killed localkube left running`, async () => {
      const wanted = spec("orphan");
      for (let round = 0; round < 2; round++) {
        await world.createKilledDuring(wanted, lasting);
        const m = await driver.create(wanted, context());
        expect(await driver.state(m, context())).toBe("stopped");
        await driver.remove(m, context());
        expect(await traces("orphan")).toEqual([]);
        await world.createKilledDuring(wanted, lasting);
        await driver.removeByName(wanted.name, context());
        expect(await traces("orphan")).toEqual([]);
      }
    });

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
