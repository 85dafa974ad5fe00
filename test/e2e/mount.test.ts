import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { kubectl } from "./kit/kubectl.ts";
import { launcher, profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

const sha = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
/** Names that a shell, a list of mounts or a program that reads lines would take apart. */
const odd = ["with space", 'it\'s "quoted"', "Übergröße", "two\nlines", "-rf *"];

describe("folders of this computer in a machine", () => {
  const profile = profileOfRun("e2e-mount");
  let user: Workspace;
  let folder: string;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  /** Standard output of a script in the machine. */
  const inMachine = async (script: string, ...words: string[]) =>
    (await user.ok(["ssh", "-p", profile, "--", "sh", "-c", script, "sh", ...words])).stdout;
  const fails = async (script: string) =>
    (await user.run(["ssh", "-p", profile, "--", "sh", "-c", script])).stderr;
  const list = async () =>
    (
      JSON.parse((await user.ok(["mount", "list", "-p", profile, "--output", "json"])).stdout) as {
        mounts: readonly { guest: string; state: string; by: string; type: string }[];
      }
    ).mounts;
  /** Looks until it is so. A change is seen within two seconds; the look itself, a command over SSH, may take one more. */
  const within = async (look: () => Promise<boolean>, ms = 3000) => {
    const end = performance.now() + ms;
    while (!(await look())) {
      if (performance.now() > end) throw new Error(`not within ${ms} ms`);
      await sleep(50);
    }
  };
  /** A mount in the foreground: with the first line it has printed. */
  const begin = async (...args: string[]) => {
    const child = spawn(launcher, ["mount", "-p", profile, ...args], {
      env: user.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close") as Promise<[number | null]>;
    const [line] = (await Promise.race([
      once(createInterface({ input: child.stdout }), "line"),
      ended.then(() => [""]),
    ])) as [string];
    expect(line).toMatch(/Ctrl-C ends it$/);
    return { child, ended };
  };
  const hasMount = async (guest: string) =>
    (await inMachine("cat /proc/mounts")).includes(` ${guest} fuse.sshfs `);

  beforeAll(async () => {
    user = await workspace();
    folder = join(user.home, "my src");
    await mkdir(folder);
    await chown(folder, 1000, 1000);
    await chmod(user.home, 0o755);
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
  }, 300_000);
  afterAll(() => user.dispose(), 120_000);

  it("what is made on one side is seen on the other; nothing leads out; Ctrl-C leaves nothing", async () => {
    await writeFile(join(folder, "here"), "made here");
    await writeFile(join(user.home, "secret"), "secret");
    await symlink("here", join(folder, "link"));
    await symlink("../secret", join(folder, "out"));
    await symlink(join(user.home, "secret"), join(folder, "absolute"));
    const { child, ended } = await begin(`${folder}:/src`);
    expect(await inMachine("cat /src/here /src/link")).toBe("made heremade here");
    expect(await fails("cat /src/out")).toContain("Permission denied");
    expect(await fails("cat /src/absolute")).toContain("Permission denied");
    expect(await fails("ln -s ../secret /src/evil")).toContain("Permission denied");
    expect(await fails("chown 5 /src/here")).toContain("Operation not permitted");
    await inMachine("echo there > /src/there; mkdir /src/d; mv /src/there /src/d/moved");
    expect(await readFile(join(folder, "d/moved"), "utf8")).toBe("there\n");
    await writeFile(join(folder, "here"), "changed here");
    await within(async () => (await inMachine("cat /src/here")) === "changed here");
    for (const name of odd) {
      await writeFile(join(folder, name), name);
      await within(async () => (await inMachine('cat "/src/$1" 2>/dev/null || true', name)) === name);
      await inMachine('mv "/src/$1" "/src/d/$1"', name);
      expect(await readFile(join(folder, "d", name), "utf8")).toBe(name);
    }
    expect((await user.run(["mount", "-p", profile, `${folder}:/src`])).stderr).toContain(
      "MOUNT_TARGET_TAKEN",
    );
    expect((await list()).map(({ guest, state }) => [guest, state])).toEqual([["/src", "mounted"]]);
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
    expect(await hasMount("/src")).toBe(false);
    expect(await list()).toEqual([]);
  }, 60_000);

  it("many files and large ones arrive whole, both ways", async () => {
    const { child, ended } = await begin(`${folder}:/src`);
    await mkdir(join(folder, "many"));
    await chown(join(folder, "many"), 1000, 1000);
    await inMachine("cd /src/many; for n in $(seq 1000); do echo $n > f$n; done");
    expect(await readdir(join(folder, "many"))).toHaveLength(1000);
    expect(await readFile(join(folder, "many/f777"), "utf8")).toBe("777\n");
    const large = Buffer.alloc(200 * 2 ** 20, "localkube ");
    await writeFile(join(folder, "large"), large);
    expect(await inMachine("sleep 1.2; sha256sum < /src/large")).toBe(`${sha(large)}  -\n`);
    await inMachine("cp /src/large /src/back");
    expect(sha(await readFile(join(folder, "back")))).toBe(sha(large));
    await inMachine("rm -r /src/many /src/back /src/large");
    expect(await readdir(folder)).not.toContain("many");
    child.kill("SIGINT");
    await ended;
  }, 90_000);

  it("read-only is read-only; a killed process leaves nothing that stays", async () => {
    await writeFile(join(folder, "here"), "kept");
    const { child, ended } = await begin(`${folder}:/src`, "--read-only");
    expect(await fails("echo x > /src/here")).toContain("Read-only file system");
    const by = (await list())[0]?.by ?? "";
    // The launcher has a child of its own; that is whose process serves the mount.
    process.kill(Number(/process (\d+)/.exec(by)?.[1]), "SIGKILL");
    await ended;
    child.kill();
    await within(async () => !(await hasMount("/src")), 5000);
    expect(await readFile(join(folder, "here"), "utf8")).toBe("kept");
    expect(await list()).toEqual([]);
  }, 60_000);

  it("a file system that nobody serves any more is cleaned up by the next mount", async () => {
    const { ended } = await begin(`${folder}:/src`);
    // The helper cannot clean up either.
    await inMachine("pkill -KILL -f [l]ocalkube-mount; sleep 0.5");
    await ended;
    expect(await fails("ls /src")).toContain("not connected");
    expect((await list()).map(({ state }) => state)).toEqual(["left"]);
    const { child, ended: end } = await begin(`${folder}:/src`);
    expect(await inMachine("cat /src/here")).toBe("kept");
    child.kill("SIGINT");
    await end;
    expect(await hasMount("/src")).toBe(false);
  }, 60_000);

  it("a pod reads and writes as user 1000", async () => {
    await user.ok(["mount", "-p", profile, `${folder}:/src`, "--background"]);
    await user.ok(["image", "load", "-p", profile, await busyboxImage(user.home)]);
    const pod = {
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "writer" } },
      spec: {
        restartPolicy: "Never",
        securityContext: { runAsUser: 1000, runAsGroup: 1000 },
        containers: [
          {
            ...{ name: "writer", image: busyboxRef, imagePullPolicy: "Never" },
            command: ["sh", "-c", "cat /src/here && echo by a pod > /src/pod"],
            volumeMounts: [{ name: "src", mountPath: "/src" }],
          },
        ],
        volumes: [{ name: "src", hostPath: { path: "/src", type: "Directory" } }],
      },
    };
    await writeFile(join(user.home, "pod.json"), JSON.stringify(pod));
    await k("apply", "-f", join(user.home, "pod.json"));
    await within(async () => (await readFile(join(folder, "pod"), "utf8").catch(() => "")) !== "", 30_000);
    expect(await readFile(join(folder, "pod"), "utf8")).toBe("by a pod\n");
    expect(await k("logs", "writer")).toBe("kept");
    await k("delete", "pod", "writer", "--wait=false");
    expect((await user.ok(["status", "-p", profile])).stdout).toContain("is mounted at /src");
    await user.ok(["mount", "remove", "/src", "-p", profile]);
    expect((await user.ok(["status", "-p", profile])).stdout).not.toContain("/src");
    expect(await hasMount("/src")).toBe(false);
  }, 90_000);

  it("a copy follows changes and removals, with events in the machine", async () => {
    const { child, ended } = await begin(
      `${folder}:/copy`,
      "--type",
      "sync",
      "--uid",
      "1000",
      "--gid",
      "1000",
    );
    expect(await inMachine("cat /copy/here; stat -c %u:%g /copy/here")).toBe("kept1000:1000\n");
    expect(await fails("cat /copy/out")).toContain("No such file");
    for (const name of odd) {
      await writeFile(join(folder, name), name);
      await within(async () => (await inMachine('cat "/copy/$1" 2>/dev/null || true', name)) === name);
      await rm(join(folder, name));
      await within(async () => (await inMachine('[ -e "/copy/$1" ] || echo gone', name)) === "gone\n");
    }
    await rm(join(folder, "d"), { recursive: true });
    await within(async () => (await inMachine("[ -e /copy/d ] || echo gone")) === "gone\n");
    child.kill("SIGINT");
    await ended;
    // The copy stays, and is taken up again.
    await rm(join(folder, "pod"));
    const again = await begin(`${folder}:/copy`, "--type", "sync");
    expect(await inMachine("ls /copy")).not.toContain("pod");
    again.child.kill("SIGINT");
    await again.ended;
  }, 60_000);

  it("a mount on record is made again by each start, and waits for none after it was removed", async () => {
    const start = ["start", "-p", profile, "--mount", `${folder}:/src`];
    await user.ok(start);
    expect(await inMachine("cat /src/here")).toBe("kept");
    await user.ok(["stop", "-p", profile]);
    await user.ok(["start", "-p", profile]);
    expect(await inMachine("cat /src/here")).toBe("kept");
    await user.ok(["mount", "remove", "--all", "-p", profile]);
    await user.ok(["start", "-p", profile]);
    expect(await list()).toEqual([]);
    await access(join(folder, "here"));
  }, 120_000);
});
