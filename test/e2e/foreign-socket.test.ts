import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExistingHost, type ExistingHosts, existingHosts } from "../rigs/existing-host/existing-host.ts";
import { hostSnapshot } from "../rigs/existing-host/host-snapshot.ts";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-foreign");
const socket = "unix:///run/theirs/cri.sock";
const pauseRef = "theirs.test/pause:1";
const theirs = "--address /run/theirs/cri.sock";

/** Nothing in it is as localkube would have it: paths, cgroup driver, sandbox image. */
const configuration = `version = 2
root = "/var/lib/theirs"
state = "/run/theirs/state"
[grpc]
  address = "/run/theirs/cri.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseRef}"
  restrict_oom_score_adj = true
`;
/** Speaks gRPC, and serves neither pods nor images. */
const plain = `version = 2
root = "/var/lib/plain"
state = "/run/plain/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "/run/plain/plain.sock"
`;
const http = `perl -MIO::Socket::UNIX -e 'my $server = IO::Socket::UNIX->new(Local => "/run/http.sock", Listen => 5) or die; while (my $client = $server->accept) { print $client "HTTP/1.1 400 Bad Request\\r\\n\\r\\n"; close $client }'`;
const unit = (command: string) =>
  `[Service]\nExecStartPre=-/bin/mount --make-rshared /\nExecStart=${command}\nDelegate=yes\nKillMode=process\n[Install]\nWantedBy=multi-user.target\n`;

/** A host with a CRI server, and a life of its own in it, carries a cluster and is given back; the order of the tests is the order of that life. */
describe("a CRI server that a host has already", () => {
  let user: Workspace;
  let hosts: ExistingHosts;
  let host: ExistingHost;
  let before: readonly string[];
  let own: string;
  let passwordFile: string;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const start = (...more: string[]): readonly string[] => [
    ...["start", "-p", profile, "--driver", "ssh", "--artifacts", "debian", "--output", "json"],
    ...["--ssh-host", host.address, "--ssh-user", host.user, "--ssh-key", host.keyFile],
    ...["--ssh-host-key", host.hostKey, "--ssh-sudo-password-file", passwordFile],
    ...more,
  ];
  const ok = (args: readonly string[]) => user.ok(args, { timeoutMs: 600_000 });
  const refusal = async (...more: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await user.run(start(...more));
    expect(exitCode, stderr).not.toBe(0);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as {
      data: { error: { id: string } };
    };
    return `${last.data.error.id} ${JSON.stringify(last.data.error)}`;
  };
  /** Their daemon and container, and since when they run; their images, and what of pods is in their daemon. */
  const theirLife = () =>
    host.root(
      `systemctl show --property MainPID,ExecMainStartTimestampMonotonic,NRestarts theirs
       cut -d' ' -f22 /proc/$(systemctl show --property MainPID --value theirs)/stat
       ctr ${theirs} --namespace theirs tasks list
       ctr ${theirs} --namespace theirs images list --quiet
       ctr ${theirs} --namespace k8s.io images list --quiet | grep -v '^sha256:'
       ctr ${theirs} --namespace k8s.io containers list --quiet`,
    );
  /** Without what their daemon itself stores, and what its working changes. */
  const snapshot = async () =>
    (await hostSnapshot(host)).filter(
      (line) => !/^(mount )?\/(var\/lib|run)\/(theirs|plain|containerd)\//.test(line),
    );
  const images = async () => (await ok(["image", "ls", "-p", profile])).stdout;

  beforeAll(async () => {
    user = await workspace();
    hosts = await existingHosts(user.home);
    host = await hosts.make("one");
    passwordFile = join(user.home, "password");
    await writeFile(passwordFile, `${host.password}\n`, { mode: 0o600 });
    await host.root(
      `export DEBIAN_FRONTEND=noninteractive
       apt-get -q update >/dev/null && apt-get -qy --no-install-recommends install containerd >/dev/null
       systemctl disable --quiet --now containerd
       mkdir -p /etc/theirs`,
    );
    const files = {
      "/etc/theirs/theirs.toml": configuration,
      "/etc/theirs/plain.toml": plain,
      "/etc/systemd/system/theirs.service": unit("/usr/bin/containerd --config /etc/theirs/theirs.toml"),
      "/etc/systemd/system/plain.service": unit("/usr/bin/containerd --config /etc/theirs/plain.toml"),
      "/etc/systemd/system/http.service": unit(`/bin/sh /etc/theirs/http`),
      "/etc/theirs/http": http,
    };
    for (const [file, text] of Object.entries(files)) await host.root(`cat > ${file}`, text);
    await host.root("systemctl daemon-reload; systemctl enable --quiet --now theirs plain http");
    await eventually(
      () => host.root(`ctr ${theirs} version >/dev/null && ls /run/http.sock && echo up || true`),
      (said) => said.includes("up"),
    );
    for (const [namespace, ref] of [
      ["k8s.io", pauseRef],
      ["theirs", busyboxRef],
    ] as const) {
      const archive = await busyboxImage(user.home, { ref, command: ["sleep", "1000000"] });
      await copyInto(host, archive, "/root/image.tar");
      await host.root(
        `ctr ${theirs} --namespace ${namespace} images import /root/image.tar; rm /root/image.tar`,
      );
    }
    await host.root(`ctr ${theirs} --namespace theirs run --detach ${busyboxRef} own`);
    before = await snapshot();
    own = await theirLife();
    expect(own).toContain("RUNNING");
  });
  afterAll(async () => {
    await user?.run(["delete", "-p", profile], { timeoutMs: 60_000 });
    await hosts?.dispose();
    await user?.dispose();
  });

  it("is asked before anything is changed there; whatever does not serve, each in its way, is told by a name of its own", async () => {
    const none = await refusal("--cri-socket", "unix:///run/none.sock");
    expect(none).toMatch(/^CRI_SOCKET_SILENT .*\/run\/none\.sock in the machine: there is no such file/);
    expect(await refusal("--cri-socket", "/run/http.sock")).toMatch(/^CRI_NOT_SPOKEN .*\/run\/http\.sock/);
    const half = await refusal("--cri-socket", socket, "--image-socket", "/run/plain/plain.sock");
    expect(half).toMatch(/^CRI_SERVES_HALF .*\/run\/plain\/plain\.sock.*no images/);
    expect(await refusal("--cri-socket", socket, "--runtime", "docker")).toMatch(
      /^CRI_SOCKET_NOT_FOR_RUNTIME/,
    );
    expect(await refusal("--cri-socket", socket, "--oci-runtime", "crun")).toMatch(
      /^CRI_SOCKET_NOT_CONFIGURED/,
    );
    expect(await snapshot()).toEqual(before);
    expect(await theirLife()).toBe(own);
    await ok(["delete", "-p", profile]);
  });

  it("gets a cluster, whose pods resolve names and write logs", async () => {
    await ok(start("--runtime", "cri", "--cri-socket", socket, "--image-socket", ""));
    await ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    expect(await images()).toContain(busyboxRef);
    await k("run", "probe", `--image=${busyboxRef}`, "--", "sh", "-c", "echo said-by-a-pod; sleep 100000");
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    const resolve = () => k("exec", "probe", "--", "nslookup", "kubernetes.default.svc.cluster.local");
    expect(await eventually(resolve, (text) => text.includes("10.96.0.1"))).toContain("10.96.0.1");
    expect(await k("logs", "probe")).toBe("said-by-a-pod");
    expect((await ok(["logs", "-p", profile, "runtime"])).stdout).toContain("==> theirs <==");
    const config = await host.root("cat /var/lib/kubelet/config.yaml");
    expect(config).toMatch(/^cgroupDriver: cgroupfs$/m);
    expect(config).toMatch(/^imageGCHighThresholdPercent: 100$/m);
  });

  it("answers every call that the kubelet needs", async () => {
    const { stdout } = await ok(["runtime", "check", "-p", profile]);
    expect(stdout).toMatch(/^RunPodSandbox +ok /m);
    expect(stdout).toMatch(/^RemoveImage +ok /m);
  });

  it("has its pods alone paused, and goes on", async () => {
    await ok(["pause", "-p", profile]);
    expect(
      await host.root(
        "cat /sys/fs/cgroup/freezer/kubepods/freezer.state /sys/fs/cgroup/kubepods/cgroup.freeze 2>/dev/null || true",
      ),
    ).toMatch(/^(FROZEN|1)$/m);
    expect(await theirLife()).toContain("RUNNING");
    await ok(["unpause", "-p", profile]);
    expect(await k("exec", "probe", "--", "echo", "still-here")).toBe("still-here");
  });

  it("goes on while the cluster is stopped, and has to be there when it is started again", async () => {
    await ok(["stop", "-p", profile]);
    expect(await theirLife()).toContain("RUNNING");
    await host.root("mv /run/theirs/cri.sock /run/theirs/away.sock");
    expect(await refusal()).toMatch(/^CRI_SOCKET_SILENT/);
    await host.root("mv /run/theirs/away.sock /run/theirs/cri.sock");
    await ok(start());
    const answer = () => k("exec", "probe", "--", "echo", "still-here");
    expect(await eventually(answer, (text) => text === "still-here")).toBe("still-here");
  });

  it("is given back as it was, with its own container and images", async () => {
    await k("delete", "pod", "probe", "--grace-period=1");
    await ok(["image", "rm", busyboxRef, "-p", profile]);
    expect(await images()).not.toContain(busyboxRef);
    await ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    await ok(["delete", "-p", profile]);
    expect(await snapshot()).toEqual(before);
    expect(await theirLife()).toBe(own);
    expect(await readFile(user.kubeconfig, "utf8").catch(() => "")).not.toContain(profile);
  });
});

async function copyInto({ name }: ExistingHost, file: string, to: string): Promise<void> {
  const { exitCode, stderr } = await runProgram(["podman", "cp", file, `${name}:${to}`]);
  if (exitCode !== 0) throw new Error(stderr);
}
