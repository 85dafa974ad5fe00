import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endBackground } from "../../../../src/cluster/background/keep.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import {
  type BackgroundWork,
  forgetWork,
  listWork,
  saveWork,
} from "../../../../src/state/background-work.ts";
import { currentHolder, type LockHolder } from "../../../../src/state/lock-holder.ts";

let home: string;
let work: BackgroundWork;
const name = "mine";
const host = () => hostContext({ ...process.env, LOCALKUBE_HOME: home });
const { signal } = new AbortController();
const states = async () => (await listWork(host(), name)).map(({ id, state }) => [id, state]);
const folder = () => join(home, "clusters", name, "background");

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "background-"));
  const what = "http://127.0.0.1:8080 leads to default/web";
  work = {
    kind: "service",
    id: "default/web",
    what,
    detail: { urls: [] },
    holder: await currentHolder("test"),
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Another program, as a holder of work. */
async function holding(
  script: string,
): Promise<{ readonly holder: LockHolder; readonly ended: Promise<unknown> }> {
  const child = spawn(process.execPath, ["-e", `${script}; setInterval(() => {}, 1000); console.log("up")`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const stat = await import("node:fs/promises").then(({ readFile }) =>
    readFile(`/proc/${child.pid}/stat`, "utf8"),
  );
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!;
  return { holder: { ...work.holder, pid: child.pid!, startTime }, ended: once(child, "exit") };
}

test("work is known by its kind and id, whatever that is called, and leads out of no folder", async () => {
  const odd = { ...work, id: "../../«x»/ *" };
  await saveWork(host(), name, work);
  await saveWork(host(), name, odd);
  await saveWork(host(), name, { ...work, what: "again" });
  expect(await readdir(folder())).toHaveLength(2);
  expect(await states()).toEqual(
    expect.arrayContaining([
      ["default/web", "alive"],
      ["../../«x»/ *", "alive"],
    ]),
  );
  await forgetWork(host(), name, odd);
  expect((await listWork(host(), name)).map(({ what }) => what)).toEqual(["again"]);
});

test("what another process has begun since is not forgotten, and half a file is no work", async () => {
  await saveWork(host(), name, { ...work, holder: { ...work.holder, startTime: "1" } });
  await forgetWork(host(), name, work);
  expect(await states()).toEqual([["default/web", "dead"]]);
  await mkdir(folder(), { recursive: true });
  await writeFile(join(folder(), "service-00.json"), '{"kind":"serv');
  expect(await states()).toEqual([["default/web", "dead"]]);
});

test("ending asks the process first, kills it if it does not listen, and cleans up after the dead; what is elsewhere stays", async () => {
  const polite = await holding("process.on('SIGTERM', () => process.exit(7))");
  await saveWork(host(), name, { ...work, id: "polite", holder: polite.holder });
  await saveWork(host(), name, { ...work, id: "dead", holder: { ...work.holder, startTime: "1" } });
  await saveWork(host(), name, { ...work, id: "elsewhere", holder: { ...work.holder, hostname: "another" } });
  await saveWork(host(), name, { ...work, kind: "tunnel", id: "other kind" });
  const ended = await endBackground(name, { host: host(), signal }, { kind: "service" });
  expect(ended.map(({ id }) => id).sort()).toEqual(["dead", "polite"]);
  expect(await polite.ended).toEqual([7, null]);
  expect(await states()).toEqual([
    ["elsewhere", "unknown"],
    ["other kind", "alive"],
  ]);
});

test("a process that has the id of a dead one is not touched", async () => {
  const other = await holding("process.on('SIGTERM', () => process.exit(1))");
  await saveWork(host(), name, { ...work, holder: { ...other.holder, startTime: "1" } });
  await endBackground(name, { host: host(), signal });
  expect(() => process.kill(other.holder.pid, 0)).not.toThrow();
  process.kill(other.holder.pid, "SIGKILL");
  await other.ended;
});
