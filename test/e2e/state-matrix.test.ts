import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-states");
const machine = `localkube-${profile}`;
const longestMs = 10_000;
/** On a host with more to do than it has processors, limits of seconds say something about the host and nothing about a command. */
const patience = (): number => Math.min(2, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));
/** A folder of the node. */
const saved = "/var/lib/localkube-test-saved";

/** A state of the cluster × a command: the exit code and what it says. `start` alone may take as long as a boot does. */
type Row = readonly [command: string, exitCode: number, says: RegExp];

/** Like that of no pod of another test: those run beside this one, and `ps` shows all. */
const stubborn = ["sleep", "123456"] as const;

/** One cluster is led through every state a container machine can be in; every command is tried in each. */
describe("every command in every state of a cluster", () => {
  let user: Workspace;
  let image: string;
  const run = (command: string, timeoutMs = 300_000) => {
    const [words = "", foreign] = command.split(" -- ");
    const args = [...words.split(" "), "-p", profile, ...(foreign ? ["--", ...foreign.split(" ")] : [])];
    return user.run(args, { timeoutMs });
  };
  const tryAll = async (rows: readonly Row[]) => {
    for (const [command, exitCode, says] of rows) {
      const begun = Date.now();
      const ran = await run(command);
      const text = ran.stdout + ran.stderr;
      expect({ command, exitCode: ran.exitCode }, text).toEqual({ command, exitCode });
      expect(`${command}: ${text}`).toMatch(says);
      expect(text).not.toMatch(/\bBUG\b/);
      if (!command.startsWith("start"))
        expect({ command, slow: Date.now() - begun > longestMs * patience() }).toEqual({
          command,
          slow: false,
        });
    }
  };
  const inspect = async (format: string) =>
    (await runProgram(["podman", "inspect", "--format", format, machine])).stdout.trim();
  const counts = (reply: RegExp): readonly Row[] => [
    ["suspend", 69, /DRIVER_CANNOT/],
    ["snapshot list", 69, /DRIVER_CANNOT/],
    ["profile list", 0, reply],
  ];

  beforeAll(async () => {
    user = await workspace();
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"], {
      timeoutMs: 3_000_000,
    });
    image = await busyboxImage(user.home);
    await user.ok(["image", "load", image, "-p", profile]);
    const k = kubectl(user, profile);
    // No handler for SIGTERM: as the first process of its container it never sees the signal.
    await k("run", "stubborn", `--image=${busyboxRef}`, "--", ...stubborn);
    // What handles it has a second of work left, and still asks for a name in it.
    const keep =
      "until nslookup kubernetes.default.svc.cluster.local > /data/answer; do sleep 0.1; done; sleep 1; echo saved > /data/file; exit 0";
    const saver = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "saver" },
      spec: {
        containers: [
          {
            name: "saver",
            image: busyboxRef,
            command: ["sh", "-c", `trap '${keep}' TERM; while :; do sleep 0.2; done`],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        volumes: [{ name: "data", hostPath: { path: saved, type: "DirectoryOrCreate" } }],
      },
    };
    const file = join(user.home, "saver.json");
    await writeFile(file, JSON.stringify(saver));
    await k("apply", "-f", file);
    await k("wait", "--for=condition=Ready", "pod/stubborn", "pod/saver", "--timeout=90s");
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("running", async () => {
    await tryAll([
      ["unpause", 0, /is running again/],
      ["resume", 0, /was running/],
      ["status", 0, /node +ready/],
      ["kubectl -- get nodes", 0, /Ready/],
      ["ssh -- true", 0, /./],
      ["ip", 0, /192\./],
      ["image ls", 0, /busybox/],
      [`image load ${image}`, 0, /busybox/],
      ["image rm localkube.test/absent:1", 66, /IMAGE_UNKNOWN/],
      [`cp ${image} :/root/sent`, 0, /^/],
      [`cp :/root/sent ${image}.back`, 0, /^/],
      ["update-context", 0, /./],
      ...counts(/running/),
    ]);
  });

  it("is stopped within seconds, after its pods saved what they had", async () => {
    const begun = Date.now();
    await tryAll([["stop", 0, /is stopped/]]);
    // SIGTERM to the pod, its own second, etcd and the rest; far from any grace that ran out.
    expect(Date.now() - begun).toBeLessThan(7000 * patience());
    expect(await inspect("{{.State.ExitCode}}")).not.toBe("137");
    await tryAll([
      ["start", 0, /./],
      [`ssh -- cat ${saved}/file`, 0, /: saved$/m],
      [`ssh -- cat ${saved}/answer`, 0, /10\.96\.0\.1\b/],
    ]);
  });

  it("paused", async () => {
    await tryAll([
      ["pause", 0, /is paused/],
      ["pause", 0, /is paused/],
      ["status", 2, /API server +paused[^]*unpause/],
      ["kubectl -- get nodes", 69, /CLUSTER_PAUSED[^]*unpause/],
      ["forward web", 69, /CLUSTER_PAUSED[^]*unpause/],
      ["ssh -- true", 0, /./],
      ["logs kubelet", 0, /./],
      ["image ls", 0, /busybox/],
      [`image load ${image}`, 0, /busybox/],
      ["image rm localkube.test/absent:1", 66, /IMAGE_UNKNOWN/],
      [`cp ${image} :/root/sent`, 0, /^/],
      ["update-context", 0, /./],
      ["ip", 0, /192\./],
      ...counts(/running/),
      ["unpause", 0, /is running again/],
      ["pause", 0, /is paused/],
      ["resume", 0, /is running again/],
      ["kubectl -- get nodes", 0, /Ready/],
      ["pause", 0, /is paused/],
      ["start", 0, /resumed/],
      ["kubectl -- get nodes", 0, /Ready/],
      ["pause", 0, /is paused/],
      ["stop", 0, /is stopped/],
    ]);
    expect(await inspect("{{.State.Status}}")).toBe("exited");
    expect(await inspect("{{.State.ExitCode}}")).not.toBe("137");
  });

  it("paused halfway, as the command was killed", async () => {
    for (const afterMs of [300, 600, 900, 1200]) {
      await run("pause", afterMs);
      await tryAll([
        ["start", 0, /./],
        ["kubectl -- get nodes", 0, /Ready/],
      ]);
      await run("pause", afterMs);
      await tryAll([
        ["unpause", 0, /is running again/],
        ["kubectl -- get nodes", 0, /Ready/],
      ]);
    }
    await run("pause", 700);
    await tryAll([["stop", 0, /is stopped/]]);
    expect(await inspect("{{.State.ExitCode}}")).not.toBe("137");
  });

  it("stopped", async () => {
    await tryAll([
      ["stop", 0, /was not running/],
      ...[
        ...["pause", "unpause", "kubectl -- get nodes", "ssh -- true", "ip", "forward web"],
        ...["image ls", `image load ${image}`, "image rm localkube.test/absent:1", `cp ${image} :/root/sent`],
      ].map((command): Row => [command, 69, /CLUSTER_NOT_RUNNING[^]*localkube start/]),
      ["resume", 69, /DRIVER_CANNOT|CLUSTER_NOT_SUSPENDED/],
      ["logs", 0, /./],
      ...counts(/stopped/),
      ["start", 0, /./],
      ["stop", 0, /is stopped/],
    ]);
    expect(await inspect("{{.State.ExitCode}}")).not.toBe("137");
    await tryAll([["start", 0, /./]]);
  });

  it("killed behind our back while it was paused", async () => {
    await run("pause");
    await runProgram(["podman", "kill", machine]);
    await tryAll([
      ["status", 3, /machine/],
      ["pause", 69, /CLUSTER_NOT_RUNNING/],
      ["stop", 0, /./],
      ["start", 0, /./],
      ["kubectl -- get nodes", 0, /Ready/],
    ]);
  });

  it("half deleted", async () => {
    const file = join(user.home, "state/clusters", profile, "cluster.json");
    const record = JSON.parse(await readFile(file, "utf8")) as object;
    await writeFile(file, JSON.stringify({ ...record, phase: "deleting" }));
    try {
      await tryAll([
        ["start", 78, /CLUSTER_BEING_DELETED[^]*localkube delete/],
        ["pause", 78, /CLUSTER_BEING_DELETED[^]*localkube delete/],
        ["unpause", 78, /CLUSTER_BEING_DELETED/],
        ["stop", 0, /is stopped/],
        ["ssh -- true", 78, /CLUSTER_BEING_DELETED/],
        ["image ls", 78, /CLUSTER_BEING_DELETED/],
        [`cp ${image} :/root/sent`, 78, /CLUSTER_BEING_DELETED/],
      ]);
    } finally {
      await writeFile(file, JSON.stringify(record));
    }
    await tryAll([["start", 0, /./]]);
  });

  it("deleted while it is paused, without a process left", async () => {
    await tryAll([
      ["pause", 0, /is paused/],
      ["delete", 0, /is deleted/],
    ]);
    expect(await leftovers(user, profile)).toEqual([]);
    const { stdout } = await runProgram(["ps", "-eo", "args"]);
    expect(stdout.split("\n").filter((line) => line === stubborn.join(" "))).toEqual([]);
  });

  it("gone behind our back", async () => {
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"], {
      timeoutMs: 300_000,
    });
    await runProgram(["podman", "rm", "--force", "--time", "0", machine]);
    await tryAll([
      ["status", 3, /absent/],
      ["start", 66, /DRIVER_MACHINE_ABSENT[^]*--recreate/],
      ["pause", 69, /CLUSTER_NOT_RUNNING/],
      ["stop", 0, /was not running/],
      ["delete", 0, /is deleted/],
      ["delete", 0, /no cluster/],
      ["pause", 66, /CLUSTER_UNKNOWN/],
    ]);
    expect(await leftovers(user, profile)).toEqual([]);
  });
});
