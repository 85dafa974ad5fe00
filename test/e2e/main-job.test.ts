import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { get as getHttps } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { expectNodeForAgents } from "./kit/node-for-agents.ts";
import { leftovers } from "./kit/leftovers.ts";
import { whileForwarded } from "./kit/forwarded.ts";
import { profileOfRun, runProgram, type Workspace, withDefaultAddons, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-main");
const machine = `localkube-${profile}`;

/** One cluster, lived through from start to delete; the order of the tests is the order of that life. */
describe("the main job on a podman machine", () => {
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const inspect = async (format: string) =>
    (await runProgram(["podman", "inspect", "--format", format, machine])).stdout.trim();
  const pids = async () =>
    (
      await user.ok([
        "ssh",
        "-p",
        profile,
        "--",
        "systemctl",
        "show",
        "--property",
        "MainPID",
        "--value",
        "etcd",
        "kube-apiserver",
        "kubelet",
      ])
    ).stdout
      .split("\n")
      .filter(Boolean);
  const inPod = (...argv: string[]) => k("exec", "probe", "--", ...argv);

  beforeAll(async () => {
    user = await workspace(withDefaultAddons);
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("starts a cluster with a Ready node", async () => {
    const { stdout } = await user.ok(
      ["start", "-p", profile, "--driver", "podman", "--artifacts", "debian", "--output", "json"],
      { timeoutMs: 3_000_000 },
    );
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; specversion: string; data: object });
    expect(events.every(({ specversion }) => specversion === "1.0")).toBe(true);
    expect(events.at(-1)).toMatchObject({
      data: { name: profile, driver: "podman", runtime: "containerd", kubernetesVersion: "v1.20.2" },
    });
    expect(
      await k("get", "nodes", "-o", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"),
    ).toBe("True");
    expect(await k("get", "nodes", "--no-headers")).toMatch(/\bcontrol-plane\b/);
    expect(await k("get", "nodes", "-o", "jsonpath={.items[*].spec.podCIDR}")).toBe("10.244.0.0/24");
    const { exitCode, stdout: status } = await user.run(["status", "-p", profile, "--output", "json"]);
    expect(JSON.parse(status)).toMatchObject({
      machine: "running",
      api: "running",
      node: "ready",
      kubeconfig: "configured",
    });
    expect(exitCode).toBe(0);
  });

  it("has volumes without being asked", async () => {
    const { stdout } = await user.ok(["addons", "list", "-p", profile, "--output", "json"]);
    const { addons } = JSON.parse(stdout) as { addons: readonly { name: string; state: string }[] };
    const states = Object.fromEntries(addons.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({ dns: "healthy", storage: "healthy", metrics: "disabled" });
    expect(await k("get", "storageclass", "--no-headers")).toMatch(/^standard \(default\) /);
  });

  it("keeps secrets private", async () => {
    const { stdout } = await runProgram([
      "find",
      `${user.home}/state`,
      "-type",
      "f",
      "-perm",
      "/077",
      "!",
      "-name",
      "*.pub",
    ]);
    expect(stdout).toBe("");
    expect(await inspect("{{json .Config}}")).not.toContain("PRIVATE KEY");
  });

  it("loads an image and runs a pod of it", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    expect((await user.ok(["image", "ls", "-p", profile])).stdout).toContain(busyboxRef);
    await k(
      "run",
      "probe",
      `--image=${busyboxRef}`,
      "--labels=app=probe",
      "--",
      "sh",
      "-c",
      "mkdir -p /tmp/www && echo hello-from-pod > /tmp/www/index.html && httpd -f -p 8080 -h /tmp/www",
    );
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
  });

  it("resolves cluster names in a pod", async () => {
    expect(await inPod("nslookup", "kubernetes.default.svc.cluster.local")).toContain("10.96.0.1");
    expect(await inPod("cat", "/etc/resolv.conf")).toContain("nameserver 10.96.0.10");
  });

  it("reaches a Service by its name, and the host reaches it by NodePort", async () => {
    await k("expose", "pod", "probe", "--name=web", "--port=80", "--target-port=8080", "--type=NodePort");
    expect(
      await eventually(
        () => inPod("wget", "-qO-", "http://web/"),
        (text) => text.includes("hello"),
      ),
    ).toBe("hello-from-pod");
    const port = await k("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
    const address = (await user.ok(["ip", "-p", profile])).stdout.trim();
    expect(
      await eventually(
        () => httpGet(`http://${address}:${port}/`),
        (text) => text.includes("hello"),
      ),
    ).toContain("hello-from-pod");
  });

  it("refuses connections to an address of Services that none has, from the node and from pods", async () => {
    const connect = "timeout 5 bash -c '</dev/tcp/10.96.200.200/443' 2>&1";
    const inNode = async (script: string) =>
      (await user.ok(["ssh", "-p", profile, "--", "bash", "-c", `${script} || true`])).stdout;
    expect(await inNode(connect)).toContain("Connection refused");
    // The pod's busybox, which has no bash, dies of its own error message.
    const ofPod = "$(pgrep --newest --full 'httpd -f -p 8080')";
    expect(await inNode(`nsenter --target "${ofPod}" --net ${connect}`)).toContain("Connection refused");
  });

  it("brings a Service and a NodePort to this host until Ctrl-C", async () => {
    const nodePort = await k("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
    for (const target of ["web", "svc/web:80", nodePort]) {
      let port = 0;
      const ended = await whileForwarded(user, [target, "-p", profile], async (opened) => {
        port = opened;
        expect(await httpGet(`http://127.0.0.1:${port}/`)).toContain("hello");
      });
      expect(ended).toBe(130);
      await expect(httpGet(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    }
    const { exitCode, stderr } = await user.run(["forward", "nothing", "-p", profile]);
    expect({ exitCode, said: stderr.includes("SERVICE_UNKNOWN") }).toEqual({ exitCode: 66, said: true });
  });

  it("closes the kubelet to whoever has no certificate", async () => {
    const address = (await user.ok(["ip", "-p", profile])).stdout.trim();
    expect(await statusOfHttps(`https://${address}:10250/pods`)).toBe(401);
    await expect(httpGet(`http://${address}:10255/pods`)).rejects.toThrow(/ECONNREFUSED/);
  });

  it("is a node for agents: shared mounts, devices, kernel's folders, ports and processes of the node", async () => {
    await expectNodeForAgents(user, profile);
  });

  it("changes nothing when it is started again", async () => {
    const before = { container: await inspect("{{.Id}} {{.State.StartedAt}}"), pids: await pids() };
    const outcomes: string[] = [];
    await user.ok(["start", "-p", profile, "--output", "json"], {
      onEvent: ({ type, data }) => {
        if (type.endsWith("step.finished")) outcomes.push(`${String(data["id"])} ${String(data["outcome"])}`);
      },
    });
    expect({ container: await inspect("{{.Id}} {{.State.StartedAt}}"), pids: await pids() }).toEqual(before);
    expect(
      outcomes.filter(
        (outcome) =>
          /^(machine|control-plane|node|images|certificates|kubeconfig)/.test(outcome) &&
          !outcome.endsWith("unchanged"),
      ),
    ).toEqual([]);
  });

  it("takes a changed flag, and is not ready before it is in force", async () => {
    const pods = () => k("get", "node", profile, "-o", "jsonpath={.status.allocatable.pods}");
    await user.ok(["start", "-p", profile, "--extra-config", "kubelet.max-pods=44"]);
    expect(await pods()).toBe("44");
  });

  it("refuses invalid settings without a trace, also those that would recreate it", async () => {
    const record = () => readFile(join(user.home, "state/clusters", profile, "cluster.json"), "utf8");
    const before = { record: await record(), container: await inspect("{{.Id}}") };
    for (const wishes of [
      ["--extra-config", "kubelet.no-such-flag=1"],
      ["--recreate", "--memory", "100"],
    ])
      expect((await user.run(["start", "-p", profile, ...wishes])).exitCode).toBe(2);
    expect({ record: await record(), container: await inspect("{{.Id}}") }).toEqual(before);
    await user.ok(["start", "-p", profile]);
  });

  it("pauses and goes on", async () => {
    await user.ok(["pause", "-p", profile]);
    const paused = await user.run(["status", "-p", profile, "--output", "json"]);
    expect(JSON.parse(paused.stdout)).toMatchObject({ machine: "running", api: "paused" });
    expect(paused.exitCode).toBe(2);
    await user.ok(["unpause", "-p", profile]);
    await eventually(
      () => user.run(["status", "-p", profile]),
      ({ exitCode }) => exitCode === 0,
    );
    expect(await inPod("echo", "still-here")).toBe("still-here");
  });

  it("shows logs, copies files and finds the host in order", async () => {
    expect((await user.ok(["logs", "-p", profile, "kubelet"])).stdout).toContain("kubelet");
    await user.ok(["logs", "-p", profile, "--problems"]);
    const sent = join(user.home, "sent.txt");
    const back = join(user.home, "back.txt");
    await writeFile(sent, "carried over\n");
    await user.ok(["cp", "-p", profile, sent, ":/root/made/for/it.txt"]);
    await user.ok(["cp", "-p", profile, ":/root/made/for/it.txt", back]);
    expect(await readFile(back, "utf8")).toBe("carried over\n");
    expect((await user.run(["ssh", "-p", profile, "--", "sh", "-c", "exit 7"])).exitCode).toBe(7);
    const doctor = JSON.parse((await user.ok(["doctor", "--output", "json"])).stdout) as {
      checks: { id: string; status: string }[];
    };
    expect(doctor.checks.find(({ id }) => id === "driver-podman")).toMatchObject({ status: "ok" });
  });

  it("keeps address, objects and pods over stop and start", async () => {
    const address = (await user.ok(["ip", "-p", profile])).stdout;
    await k("create", "configmap", "kept", "--from-literal=key=value");
    await user.ok(["stop", "-p", profile]);
    const stopped = await user.run(["status", "-p", profile, "--output", "json"]);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ machine: "stopped" });
    expect((stopped.exitCode ?? 0) & 3).toBe(3);
    const { profiles } = JSON.parse((await user.ok(["profile", "list", "--output", "json"])).stdout) as {
      profiles: object[];
    };
    expect(profiles).toContainEqual(expect.objectContaining({ name: profile, machine: "stopped" }));
    await user.ok(["start", "-p", profile]);
    expect((await user.ok(["ip", "-p", profile])).stdout).toBe(address);
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("value");
    await eventually(
      () => inPod("nslookup", "web.default.svc.cluster.local"),
      (text) => text.includes("web.default"),
    );
  });

  it("comes back by itself when the machine is rebooted behind its back", async () => {
    await runProgram(["podman", "restart", "--time", "20", machine]);
    await eventually(
      () => user.run(["status", "-p", profile]),
      ({ exitCode }) => exitCode === 0,
      120_000,
    );
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("value");
    await eventually(
      () => inPod("wget", "-qO-", "http://web/"),
      (text) => text.includes("hello"),
    );
  });

  it("has a second profile beside it", async () => {
    const second = profileOfRun("e2e-second");
    await user.ok(["start", "-p", second, "--driver", "podman", "--artifacts", "debian"]);
    const other = kubectl(user, second);
    expect(await other("get", "nodes", "-o", "name")).toBe(`node/${second}`);
    await user.ok(["start", "-p", second, "--extra-config", "kubelet.max-pods=55"]);
    await other("create", "configmap", "lost");
    await user.ok(["start", "-p", second, "--recreate"]);
    await expect(other("get", "configmap", "lost")).rejects.toThrow(/NotFound/);
    // Created again with the settings it had.
    expect(await other("get", "node", second, "-o", "jsonpath={.status.allocatable.pods}")).toBe("55");
    expect(await k("get", "nodes", "-o", "name")).toBe(`node/${profile}`);
    const config = await readFile(user.kubeconfig, "utf8");
    expect(config).toContain(`name: ${second}`);
    expect(config).toContain(`name: ${profile}`);
    await user.ok(["delete", "-p", second]);
    expect(await leftovers(user, second)).toEqual([]);
    expect(await k("get", "nodes", "-o", "name")).toBe(`node/${profile}`);
  });

  it("is deleted without a trace", async () => {
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile)).toEqual([]);
    expect((await user.run(["status", "-p", profile])).exitCode).toBe(7);
    expect((await user.ok(["delete", "-p", profile])).stdout).toContain("no cluster");
  });
});

/** The kubelet's certificate is signed by the cluster's own authority; here only the answer to an unknown caller counts. */
function statusOfHttps(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    getHttps(url, { rejectUnauthorized: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}

function httpGet(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { timeout: 5000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(body));
    }).on("error", reject);
  });
}
