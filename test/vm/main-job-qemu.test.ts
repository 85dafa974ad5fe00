import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "../e2e/kit/busybox-image.ts";
import { emulatedMs, eventually, kubectl } from "../e2e/kit/kubectl.ts";
import { expectNodeForAgents } from "../e2e/kit/node-for-agents.ts";
import { whileForwarded } from "../e2e/kit/forwarded.ts";
import {
  profileOfRun,
  runProgram,
  type Workspace,
  withDefaultAddons,
  workspace,
} from "../e2e/kit/workspace.ts";
import { listenersOf, machineProcesses, vmLeftovers } from "./kit/vm-leftovers.ts";

const profile = profileOfRun("vm-main");
const bootMs = 600_000;

/** One emulated guest, lived through from start to delete; the order of the tests is the order of that life. */
describe("the main job on a QEMU machine", () => {
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const ok = (...args: string[]) => user.ok([...args, "-p", profile], { timeoutMs: bootMs });
  const inGuest = async (...argv: string[]) =>
    (await user.ok(["ssh", "-p", profile, "--", ...argv])).stdout.trim();
  const diskGib = async () =>
    Number(await inGuest("sh", "-c", "df --output=size -BM / | tail -1 | tr -dc 0-9")) / 1024;
  const bootId = () => inGuest("cat", "/proc/sys/kernel/random/boot_id");
  const status = async () =>
    JSON.parse((await user.run(["status", "-p", profile, "--output", "json"])).stdout) as object;
  const inOrder = { machine: "running", api: "running", node: "ready", kubeconfig: "configured" };
  /** The counter's process since its start, and how far it came: both live in its memory only. */
  const counter = async () => {
    const [token = "", count] = (await k("logs", "counter", "--tail=1")).split(" ");
    return { token, count: Number(count) };
  };
  /** With their sandboxes: crun keeps a file `status` for each, where runc keeps `state.json`. */
  const crunContainers = async () =>
    Number(await inGuest("sh", "-c", "find /run/containerd/runc/k8s.io -name status | wc -l"));
  /** Seconds by which the guest's clock is certainly off: the way to it and back takes long in emulation. */
  const clockOff = async () => {
    const before = Date.now() / 1000;
    const guest = Number(await inGuest("date", "+%s.%N"));
    return Math.max(0, before - guest, guest - Date.now() / 1000);
  };

  beforeAll(async () => {
    user = await workspace(withDefaultAddons);
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("starts a cluster with a Ready node in a machine with a kernel of its own", async () => {
    const wishes = [
      "--cpus",
      "2",
      "--memory",
      "2G",
      "--disk-size",
      "8G",
      "--artifacts",
      "debian",
      "--wait-timeout",
      "20m",
      "--oci-runtime",
      "crun",
    ];
    const { stdout } = await user.ok(
      ["start", "-p", profile, "--driver", "qemu", ...wishes, "--output", "json"],
      { timeoutMs: 3_000_000 },
    );
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; data: object });
    expect(events.at(-1)).toMatchObject({ data: { name: profile, driver: "qemu" } });
    expect(await status()).toMatchObject(inOrder);
    expect(await inGuest("uname", "-r")).not.toBe((await runProgram(["uname", "-r"])).stdout.trim());
    expect(await inGuest("systemd-detect-virt")).toMatch(/^(?:qemu|kvm)$/);
  });

  it("was seeded by cloud-init and lets nobody in without our key", async () => {
    expect(await inGuest("ls", "/var/lib/localkube/first-boot-done")).toContain("first-boot-done");
    expect(await inGuest("hostname")).toBe(profile);
    // The image's own is of four: it grew to what was asked for.
    const gib = await diskGib();
    expect(gib).toBeGreaterThan(7);
    expect(gib).toBeLessThan(8);
    expect(await inGuest("cloud-init", "schema", "--system")).toContain("Valid cloud-config");
    expect(await inGuest("sh", "-c", "awk -F: '$2 !~ /^[!*]/' /etc/shadow")).toBe("");
    // Disk and console lie in a folder that nobody else may enter; what is secret is private by itself.
    const machine = join(user.home, "state/machines", `localkube-${profile}`);
    const { stdout } = await runProgram([
      "stat",
      "-c",
      "%a",
      machine,
      join(machine, "seed"),
      join(machine, ".."),
    ]);
    expect(stdout.trim().split("\n")).toEqual(["700", "600", "700"]);
    const argv = await runProgram([
      "ps",
      "-ww",
      "-o",
      "command=",
      "-p",
      String((await machineProcesses(user, profile))[0]),
    ]);
    expect(argv.stdout).not.toMatch(/PRIVATE|ssh-ed25519/);
  });

  it("listens on loopback only", async () => {
    const [pid = 0] = await machineProcesses(user, profile);
    const listeners = await listenersOf(pid);
    expect(listeners.length).toBeGreaterThanOrEqual(2);
    expect(listeners.filter((address) => !address.startsWith("127.0.0.1:"))).toEqual([]);
  });

  it("runs pods that resolve names", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    const count =
      "t=$(cat /proc/sys/kernel/random/uuid); i=0; while :; do i=$((i+1)); echo $t $i; sleep 1; done";
    await k("run", "counter", `--image=${busyboxRef}`, "--", "sh", "-c", count);
    const serve =
      "mkdir -p /tmp/www && echo hello-from-pod > /tmp/www/index.html && httpd -f -p 8080 -h /tmp/www";
    await k("run", "server", `--image=${busyboxRef}`, "--labels=app=web", "--", "sh", "-c", serve);
    await k("wait", "--for=condition=Ready", "pod/counter", "pod/server", "--timeout=600s");
    await k("expose", "pod", "server", "--name=web", "--port=80", "--target-port=8080", "--type=NodePort");
    expect(await k("exec", "server", "--", "nslookup", "kubernetes.default.svc.cluster.local")).toContain(
      "10.96.0.1",
    );
    expect(
      await eventually(
        () => k("exec", "server", "--", "wget", "-qO-", "http://web/"),
        (text) => text.includes("hello"),
        emulatedMs,
      ),
    ).toBe("hello-from-pod");
  });

  // Here and not in a container: crun needs cgroups of version 2, which not every host of this test has.
  it("runs a pod with crun, which it names by its RuntimeClass", async () => {
    expect(await k("get", "runtimeclass", "crun", "-o", "jsonpath={.handler}")).toBe("crun");
    const spec = JSON.stringify({ spec: { runtimeClassName: "crun" } });
    const say = 'echo "limit $(cat /sys/fs/cgroup/memory.max)"; exec sleep 100000';
    const pod = ["run", "crunned", `--image=${busyboxRef}`, "--limits=memory=64Mi", `--overrides=${spec}`];
    expect(await crunContainers()).toBe(0);
    await k(...pod, "--", "sh", "-c", say);
    await k("wait", "--for=condition=Ready", "pod/crunned", "--timeout=600s");
    expect(await k("logs", "crunned")).toBe(`limit ${64 * 2 ** 20}`);
    expect(await k("exec", "crunned", "--", "nslookup", "kubernetes.default.svc.cluster.local")).toContain(
      "10.96.0.1",
    );
    expect(await crunContainers()).toBe(2);
  });

  it("brings a NodePort to this host", async () => {
    const nodePort = await k("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
    const ended = await whileForwarded(user, [nodePort, "-p", profile], async (port) => {
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain("hello-from-pod");
    });
    expect(ended).toBe(130);
  });

  it("is a node for agents: shared mounts, devices, kernel's folders, ports and processes of the node", async () => {
    await expectNodeForAgents(user, profile);
  });

  it("changes nothing when it is started again", async () => {
    const before = { processes: await machineProcesses(user, profile), boot: await bootId() };
    const outcomes: string[] = [];
    await user.ok(["start", "-p", profile, "--output", "json"], {
      timeoutMs: bootMs,
      onEvent: ({ type, data }) => {
        if (type.endsWith("step.finished")) outcomes.push(`${String(data["id"])} ${String(data["outcome"])}`);
      },
    });
    expect({ processes: await machineProcesses(user, profile), boot: await bootId() }).toEqual(before);
    expect(
      outcomes.filter(
        (outcome) =>
          /^(?:machine|control-plane|kubelet|images|certificates)/.test(outcome) &&
          !outcome.endsWith("unchanged"),
      ),
    ).toEqual([]);
  });

  it("suspends to disk and goes on where it was", async () => {
    const before = { ...(await counter()), boot: await bootId() };
    await ok("suspend");
    expect(await machineProcesses(user, profile)).toEqual([]);
    expect(await status()).toMatchObject({ machine: "saved" });
    // Suspending again, and stopping, leave it as it is.
    await ok("suspend");
    await ok("stop");
    expect(await status()).toMatchObject({ machine: "saved" });
    await ok("resume");
    expect(await bootId()).toBe(before.boot);
    expect(await clockOff()).toBeLessThan(1.5);
    await eventually(status, (now) => JSON.stringify(now).includes('"ready"'), emulatedMs);
    const after = await eventually(counter, ({ count }) => count > before.count, emulatedMs);
    expect(after.token).toBe(before.token);
    expect((await ok("addons", "test", "storage")).stdout).toContain("storage works");
    expect(
      await k("get", "pod", "counter", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
    ).toBe("0");
  });

  it("takes a snapshot of the running cluster and goes back to it", async () => {
    await k("create", "configmap", "kept", "--from-literal=key=then");
    await inGuest("sh", "-c", "echo then > /root/kept");
    const boot = await bootId();
    const { token } = await counter();
    await ok("snapshot", "create", "before");
    expect((await user.run(["snapshot", "create", "before", "-p", profile])).stderr).toContain(
      "SNAPSHOT_EXISTS",
    );
    await k("delete", "configmap", "kept");
    await k("create", "configmap", "later");
    await inGuest("sh", "-c", "echo now > /root/kept; echo new > /root/later");
    await k("delete", "pod", "counter", "--grace-period=0", "--force");
    await ok("snapshot", "restore", "before", "--yes");
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("then");
    await expect(k("get", "configmap", "later")).rejects.toThrow(/NotFound/);
    expect(await inGuest("cat", "/root/kept")).toBe("then");
    await expect(inGuest("cat", "/root/later")).rejects.toThrow(/No such file/);
    expect(await bootId()).toBe(boot);
    expect((await eventually(counter, ({ count }) => count > 0, emulatedMs)).token).toBe(token);
    expect(await clockOff()).toBeLessThan(1.5);
    const { snapshots } = JSON.parse((await ok("snapshot", "list", "--output", "json")).stdout) as {
      snapshots: object[];
    };
    expect(snapshots).toEqual([expect.objectContaining({ name: "before", memory: true })]);
    await ok("snapshot", "delete", "before");
    await ok("snapshot", "delete", "before");
  });

  it("comes back by itself after a reboot of the guest", async () => {
    const before = await bootId();
    await user.run(["ssh", "-p", profile, "--", "systemctl", "reboot"]);
    await eventually(bootId, (now) => now !== before, bootMs);
    await eventually(status, (now) => JSON.stringify(now).includes('"node":"ready"'), bootMs);
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("then");
  });

  it("stops, takes another size, and starts with the same address and data", async () => {
    const address = (await ok("ip")).stdout;
    await ok("stop");
    expect(await status()).toMatchObject({ machine: "stopped" });
    await ok("snapshot", "create", "stopped");
    const shrink = await user.run(["start", "-p", profile, "--disk-size", "6G"]);
    expect(shrink.stderr).toContain("DRIVER_DISK_SHRINK");
    await ok("start", "--memory", "2560m", "--disk-size", "9G");
    expect((await ok("ip")).stdout).toBe(address);
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("then");
    expect(await inGuest("cat", "/root/kept")).toBe("then");
    expect(await k("get", "runtimeclass", "crun", "-o", "jsonpath={.handler}")).toBe("crun");
    expect(await eventually(crunContainers, (count) => count === 2, emulatedMs)).toBe(2);
    const mib = Number(await inGuest("sh", "-c", "awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo"));
    expect(mib).toBeGreaterThan(2200);
    expect(await diskGib()).toBeGreaterThan(8);
  });

  it("is stopped, and nothing else, when its process was killed", async () => {
    const [pid] = await machineProcesses(user, profile);
    // Number 0 would be this test run itself.
    expect(pid).toBeGreaterThan(1);
    process.kill(pid!, "SIGKILL");
    await eventually(status, (now) => JSON.stringify(now).includes('"machine":"stopped"'));
    expect((await user.run(["status", "-p", profile])).exitCode).toBe(3);
  });

  it("is deleted without a process, file or port", async () => {
    const { nodes } = JSON.parse(
      await readFile(join(user.home, "state/clusters", profile, "cluster.json"), "utf8"),
    ) as { nodes: readonly { machine: { ports: Record<string, number> } }[] };
    await ok("delete");
    expect(await vmLeftovers(user, profile, Object.values(nodes[0]!.machine.ports))).toEqual([]);
  });
});
