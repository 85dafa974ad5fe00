import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { thawBelow } from "../../drivers/container/thaw-pods.ts";
import { endsLast, podFunctions } from "../../src/host/pod-processes.ts";
import { frozenFunctions } from "../../src/provision/guest/freeze.ts";
import { runProgram } from "../e2e/kit/workspace.ts";

const freezer = "/sys/fs/cgroup/freezer";
const isV1 = existsSync(freezer);
/** A real cgroup that can be frozen, by whichever version this kernel has. */
const real = join(isV1 ? freezer : "/sys/fs/cgroup", `localkube-test-${process.pid}`);
const pod = join(real, "pod");

/** The functions as in a machine, over processes of this test in cgroups of its own: kernel, shell and signals are real. */
describe.each(["kubepods.slice", "kubepods"])("the processes of a node's pods, which are in %s", (group) => {
  let root: string;
  let place: string;
  let children: ChildProcess[];
  /** Where the other version, and the other cgroup driver, would be looked for there is nothing. */
  const functions = (text: string): string => {
    const none = join(root, "none");
    const [v2, v1] = isV1 ? [none, place] : [place, none];
    const paths = /\$cgroups\/(freezer\/|systemd\/)?(kubepods(?:\.slice)?)(?![.\w])/g;
    return text
      .replace(paths, (_all, hierarchy: string | undefined, name: string) =>
        name === group ? (hierarchy === undefined ? v2 : v1) : none,
      )
      .replace(
        "v2=$cgroups/$1 v1=$cgroups/freezer/$1",
        `v2=${none} v1=${none}; [ "$1" != ${group} ] || { v2=${v2} v1=${v1}; }`,
      )
      .replace(
        '"$cgroups/$1" "$cgroups/systemd/$1"',
        `$([ "$1" = ${group} ] && echo ${place} || echo ${none})`,
      );
  };
  const sh = async (command: string, text = podFunctions) => {
    const ran = await runProgram(["sh", "-c", `systemctl() { :; }\n${functions(text)}\n${command}`]);
    return { exitCode: ran.exitCode, stdout: ran.stdout.trim(), stderr: ran.stderr };
  };
  const inPod = async (argv: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<ChildProcess> => {
    const [program = "", ...args] = argv;
    const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...more } });
    children.push(child);
    await appendFile(join(pod, "cgroup.procs"), String(child.pid));
    await sleep(150);
    return child;
  };
  const state = async ({ pid }: ChildProcess): Promise<string> =>
    (await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State: gone")).match(/State:\s+(\w+)/)?.[1] ??
    "";
  const ended = (child: ChildProcess): Promise<string> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(String(child.signalCode ?? child.exitCode))
      : new Promise((resolve) => child.once("exit", (code, signal) => resolve(String(signal ?? code))));

  beforeEach(async () => {
    children = [];
    root = await mkdtemp(join(tmpdir(), "localkube-cgroups-"));
    place = real;
    await mkdir(pod, { recursive: true });
  });
  afterEach(async () => {
    place = real;
    await sh("thaw_pods");
    if (isV1) await thawBelow(real);
    const ends = children.map((child) => (child.kill("SIGKILL"), ended(child)));
    await Promise.all(ends);
    await rm(root, { recursive: true });
    await rmdir(pod);
    await rmdir(real);
  });

  it("are not frozen where there are none", async () => {
    place = join(root, "none");
    expect((await sh("pods_frozen")).exitCode).toBe(1);
    expect((await sh("cluster_frozen", frozenFunctions)).exitCode).toBe(1);
    expect((await sh("thaw_pods")).exitCode).toBe(0);
  });

  it("stand still between freeze and thaw, both twice", async () => {
    const child = await inPod(["sh", "-c", "while :; do :; done"]);
    expect((await sh("pods_frozen")).exitCode).toBe(1);
    for (let time = 0; time < 2; time++) {
      expect(await sh("freeze_pods")).toMatchObject({ exitCode: 0, stderr: "" });
      expect((await sh("pods_frozen")).exitCode).toBe(0);
    }
    const ticks = async () => (await readFile(`/proc/${child.pid}/stat`, "utf8")).split(" ")[13];
    const before = await ticks();
    await sleep(300);
    expect(await ticks()).toBe(before);
    for (let time = 0; time < 2; time++) expect((await sh("thaw_pods")).exitCode).toBe(0);
    expect((await sh("pods_frozen")).exitCode).toBe(1);
    expect(await state(child)).toBe("R");
  });

  it("are thawed, too, when a single container was frozen", async () => {
    await inPod(["sleep", "1000"]);
    await writeFile(join(pod, isV1 ? "freezer.state" : "cgroup.freeze"), isV1 ? "FROZEN" : "1");
    expect((await sh("pods_frozen")).exitCode).toBe(0);
    expect((await sh("thaw_pods")).exitCode).toBe(0);
    expect((await sh("pods_frozen")).exitCode).toBe(1);
  });

  it("end at once where they do not handle SIGTERM, also when they are frozen", async () => {
    const ignores = await inPod(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    await sh("freeze_pods");
    const begun = Date.now();
    await sh("end_pods 200");
    expect(await ended(ignores)).toBe("SIGKILL");
    expect(Date.now() - begun).toBeLessThan(6000);
    expect((await sh("pod_processes")).stdout).toBe("");
  });

  it("get their time where they handle SIGTERM, and not more", async () => {
    const file = join(root, "saved");
    const saves = await inPod([
      "sh",
      "-c",
      `trap 'sleep 1; echo saved > ${file}; exit 0' TERM; while :; do sleep 0.1; done`,
    ]);
    const stubborn = await inPod(["sleep", "1000"]);
    await sh("end_pods 200");
    expect(await ended(saves)).toBe("0");
    expect(await readFile(file, "utf8")).toBe("saved\n");
    await ended(stubborn);

    const never = await inPod(["sh", "-c", "trap : TERM; while :; do sleep 0.1; done"]);
    const begun = Date.now();
    await sh("end_pods 10");
    expect(await ended(never)).toBe("SIGKILL");
    expect(Date.now() - begun).toBeGreaterThan(900);
  });

  it("end last, and without a wait, where they say so", async () => {
    const file = join(root, "order");
    const trap = (name: string, seconds: number) =>
      `trap 'echo ${name} got SIGTERM >> ${file}; sleep ${seconds}; exit 0' TERM; while :; do sleep 0.1; done`;
    // Answers on for a while after SIGTERM, as DNS servers do.
    const dns = await inPod(["sh", "-c", trap("dns", 30)], { [endsLast.name]: endsLast.value });
    // Has served the other one until its end.
    const pod = await inPod(["sh", "-c", trap("pod", 1)]);
    const order: string[] = [];
    const both = [ended(pod).then(() => order.push("pod")), ended(dns).then(() => order.push("dns"))];
    const begun = Date.now();
    await sh("end_pods 200");
    await Promise.all(both);
    expect(Date.now() - begun).toBeLessThan(5000);
    expect(order).toEqual(["pod", "dns"]);
    expect(await readFile(file, "utf8")).toBe("pod got SIGTERM\n");
    expect(await ended(dns)).toBe("SIGKILL");
  });

  it.runIf(isV1)("are thawed from outside when nobody inside can be asked", async () => {
    const child = await inPod(["sleep", "1000"]);
    await sh("freeze_pods");
    child.kill("SIGKILL");
    await sleep(200);
    // What makes a machine immortal: not even SIGKILL ends a frozen process of cgroup v1.
    expect(await state(child)).not.toBe("gone");
    await thawBelow(real);
    expect(await ended(child)).toBe("SIGKILL");
    expect(await readdir(real)).toContain("pod");
    await thawBelow(join(real, "nowhere"));
  });
});
