import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { describeRuntimeCheck } from "./kit/runtime-check.ts";
import { launcher, profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-runtime");

/** One cluster's life with docker (Debian's, by dockershim); the order of the tests is the order of that life. */
describe("a cluster with the runtime docker", () => {
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const inPod = (...argv: string[]) => k("exec", "probe", "--", ...argv);
  const inNode = async (...argv: string[]) => (await user.ok(["ssh", "-p", profile, "--", ...argv])).stdout;
  const images = async () =>
    (
      JSON.parse((await user.ok(["image", "ls", "-p", profile, "--output", "json"])).stdout) as {
        images: readonly { readonly ref: string }[];
      }
    ).images.map(({ ref }) => ref);

  beforeAll(async () => {
    user = await workspace();
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("starts from an image that has docker, and the node says what it runs", async () => {
    const steps: string[] = [];
    await user.ok(
      [
        "start",
        "-p",
        profile,
        "--driver",
        "podman",
        "--artifacts",
        "debian",
        "--runtime",
        "docker",
        "--output",
        "json",
      ],
      {
        timeoutMs: 3_000_000,
        onEvent: ({ type, data }) => {
          if (type.endsWith("step.finished")) steps.push(`${String(data["id"])} ${String(data["outcome"])}`);
        },
      },
    );
    expect(steps).toContain("guest-packages unchanged");
    expect(
      await k("get", "node", profile, "-o", "jsonpath={.status.nodeInfo.containerRuntimeVersion}"),
    ).toMatch(/^docker:\/\/20\.10\./);
    expect(await inNode("systemctl", "is-active", "docker")).toBe("active\n");
    await expect(inNode("systemctl", "is-active", "containerd")).rejects.toThrow("inactive");
  });

  // Before there are pods of which the kubelet removes what is left.
  describeRuntimeCheck(() => ({ user, profile, k: kubectl(user, profile) }), {
    runtime: "docker",
    api: "v1alpha2",
    notOk: [
      { call: "RuntimeConfig", result: "unimplemented", needed: false },
      // docker rotates its logs itself.
      { call: "ReopenContainerLog", result: "failed", needed: false },
      { call: "PodSandboxStats", result: "unimplemented", needed: false },
      { call: "ListPodSandboxStats", result: "unimplemented", needed: false },
      { call: "RemoveContainer (again)", result: "failed", needed: false },
    ],
    list: "docker ps --all --quiet --no-trunc; docker images --quiet --no-trunc",
  });

  it("loads an image under the name that pods use, lists it, and runs a pod of it", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    expect(await images()).toContain(busyboxRef);
    await k("run", "probe", `--image=${busyboxRef}`, "--labels=app=probe", "--", "sleep", "100000");
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    expect(await inPod("nslookup", "kubernetes.default.svc.cluster.local")).toContain("10.96.0.1");
  });

  it("shows what the pod and the runtime write", async () => {
    await k("run", "speaker", `--image=${busyboxRef}`, "--restart=Never", "--", "echo", "said-by-a-pod");
    expect(
      await eventually(
        () => k("logs", "speaker"),
        (text) => text.includes("said-by-a-pod"),
      ),
    ).toBe("said-by-a-pod");
    expect((await user.ok(["logs", "-p", profile, "runtime"])).stdout).toContain("dockerd");
  });

  it("gives an image another name, refuses to take one of two, and removes it with both", async () => {
    const archive = await busyboxImage(user.home);
    await user.ok(["image", "load", archive, "--name", "localkube.test/other:1", "-p", profile]);
    expect(await images()).toEqual(expect.arrayContaining([busyboxRef, "localkube.test/other:1"]));
    const refused = await user.run(["image", "rm", "localkube.test/other:1", "-p", profile]);
    expect(refused.stderr).toContain("IMAGE_HAS_OTHER_NAMES");
    const both = ["image", "rm", "localkube.test/other:1", busyboxRef, "-p", profile];
    expect((await user.run(both)).stderr).toMatch(/IMAGE_IN_USE.*default\/probe, default\/speaker/);
    await k("delete", "pod", "speaker", "probe", "--grace-period=1");
    // What the kubelet does by itself within a minute.
    await inNode("docker", "container", "prune", "--force");
    await eventually(
      () => user.run(both),
      ({ exitCode }) => exitCode === 0,
      120_000,
    );
    expect((await images()).filter((ref) => ref.startsWith("localkube.test/"))).toEqual([]);
    await user.ok(["image", "load", archive, "-p", profile]);
    await k("run", "probe", `--image=${busyboxRef}`, "--labels=app=probe", "--", "sleep", "100000");
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
  });

  it("lets pods that need it lower their badness, as far as the machine may", async () => {
    // Guaranteed pods ask for -997, sandboxes for -998; both start in a machine that may not lower it.
    const spec = {
      containers: [
        {
          name: "guaranteed",
          image: busyboxRef,
          command: ["sleep", "100000"],
          resources: { limits: { cpu: "50m", memory: "32Mi" } },
        },
      ],
      terminationGracePeriodSeconds: 0,
    };
    await k("run", "guaranteed", `--image=${busyboxRef}`, `--overrides=${JSON.stringify({ spec })}`);
    await k("wait", "--for=condition=Ready", "pod/guaranteed", "--timeout=90s");
    expect(await k("get", "pod", "guaranteed", "-o", "jsonpath={.status.qosClass}")).toBe("Guaranteed");
    await k("delete", "pod", "guaranteed", "--wait");
  });

  it("is where this host's docker client works while docker-env says so, and pods run what that builds", async () => {
    const image = "localkube.test/built:1";
    const context = join(user.home, "it's a context");
    await mkdir(context);
    await copyFile("/bin/busybox", join(context, "busybox"));
    await writeFile(join(context, "Dockerfile"), "FROM scratch\nCOPY busybox /bin/busybox\n");
    // With the libraries of Debian's busybox, which the image of the tests has.
    const withLibraries = `FROM ${busyboxRef}\nCOPY busybox /built/sleep\nCMD ["/built/sleep", "100000"]\n`;
    await writeFile(join(context, "Dockerfile.pod"), withLibraries);
    const script = `
      before=$(env | grep -v ^_= | sort)
      eval "$("$NODE" "$LAUNCHER" docker-env -p "$PROFILE")"
      docker version --format 'server {{.Server.Version}}' || exit
      DOCKER_BUILDKIT=0 docker build --quiet -t localkube.test/scratch:1 "$CONTEXT" || exit
      DOCKER_BUILDKIT=0 docker build --quiet -t ${image} -f "$CONTEXT/Dockerfile.pod" "$CONTEXT" || exit
      eval "$("$NODE" "$LAUNCHER" docker-env --unset)"
      [ "$(env | grep -v ^_= | sort)" = "$before" ] && echo as before`;
    const more = { NODE: process.execPath, LAUNCHER: launcher, PROFILE: profile, CONTEXT: context };
    // What the user has set wins over DOCKER_HOST, and would lead elsewhere.
    const others = {
      DOCKER_CONTEXT: "nowhere",
      DOCKER_HOST: "tcp://127.0.0.1:9",
      DOCKER_CERT_PATH: "/nowhere",
    };
    const env = { ...user.env, SHELL: "/bin/bash", ...others, ...more };
    const ran = await runProgram(["bash", "-c", script], { env });
    expect(ran.stdout, ran.stderr).toMatch(/^server 20\.10\.[^]*\nas before\n$/);
    expect(await images()).toEqual(expect.arrayContaining([image, "localkube.test/scratch:1"]));
    await k("run", "built", `--image=${image}`);
    await k("wait", "--for=condition=Ready", "pod/built", "--timeout=90s");
    await k("delete", "pod", "built", "--grace-period=1");
  });

  it("refuses to point a client to a docker that does not answer", async () => {
    await inNode("systemctl", "stop", "docker");
    const { stdout, stderr } = await user.run(["docker-env", "-p", profile]);
    await inNode("systemctl", "start", "docker");
    expect(stderr).toMatch(/^Error DOCKER_ENV_NO_ANSWER: .*Cannot connect to the Docker daemon/m);
    expect(stdout).toBe("");
    await eventually(
      () => inPod("echo", "still-here"),
      (text) => text === "still-here",
    );
  });

  it("pauses and goes on", async () => {
    await user.ok(["pause", "-p", profile]);
    await user.ok(["unpause", "-p", profile]);
    await eventually(
      () => user.run(["status", "-p", profile]),
      ({ exitCode }) => exitCode === 0,
    );
    expect(await inPod("echo", "still-here")).toBe("still-here");
  });

  it("changes nothing when it is started again, and pods outlive a restart of the daemon", async () => {
    const pid = () => inNode("systemctl", "show", "--property", "MainPID", "--value", "docker");
    const before = await pid();
    await user.ok(["start", "-p", profile]);
    expect(await pid()).toBe(before);
    const started = () =>
      k("get", "pod", "probe", "-o", "jsonpath={.status.containerStatuses[0].state.running.startedAt}");
    const since = await started();
    await inNode("systemctl", "restart", "docker");
    await eventually(
      () => inPod("echo", "still-here"),
      (text) => text === "still-here",
    );
    expect(await started()).toBe(since);
  });

  it("keeps pods over stop and start", async () => {
    await user.ok(["stop", "-p", profile]);
    await user.ok(["start", "-p", profile]);
    await eventually(
      () => inPod("nslookup", "kubernetes.default.svc.cluster.local"),
      (text) => text.includes("10.96.0.1"),
    );
  });

  describe("whose runtime is changed", () => {
    const volume = { name: "data", hostPath: { path: "/var/lib/kept-data", type: "DirectoryOrCreate" } };
    const runtimeOfNode = async () =>
      (await k("get", "node", profile, "-o", "jsonpath={.status.nodeInfo.containerRuntimeVersion}")).replace(
        /:.*/,
        "",
      );
    const listed = () =>
      inNode(
        "sh",
        "-c",
        "ls -d /run/docker* /run/containerd /etc/docker/daemon.json /etc/containerd/config.toml /var/lib/docker /var/lib/containerd 2>/dev/null; ip -o link | grep -c docker0; iptables-save | grep -c DOCKER; true",
      );
    const change = (to: string, ...more: readonly string[]) => [
      "start",
      "-p",
      profile,
      "--runtime",
      to,
      ...more,
    ];

    it("asks first, and says what it will do", async () => {
      const spec = {
        containers: [
          {
            name: "keeper",
            image: busyboxRef,
            command: ["sh", "-c", "cat /data/word || echo first > /data/word; sleep 100000"],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        volumes: [volume],
        terminationGracePeriodSeconds: 1,
      };
      await k("run", "keeper", `--image=${busyboxRef}`, `--overrides=${JSON.stringify({ spec })}`);
      await k("wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s");
      const refused = await user.run(change("containerd"));
      expect([refused.exitCode, refused.stderr]).toEqual([
        2,
        expect.stringContaining("RUNTIME_CHANGE_UNCONFIRMED"),
      ]);
      expect((await user.ok(change("containerd", "--dry-run"))).stdout).toContain(
        "end the pods and take docker out of the machine; its data stays in /var/lib/docker",
      );
      expect(await runtimeOfNode()).toBe("docker");
    });

    it("comes up with the other, keeps volumes, and leaves of the former only its data", async () => {
      await user.ok(change("containerd", "--yes"));
      expect(await runtimeOfNode()).toBe("containerd");
      expect((await images()).filter((ref) => ref.startsWith("localkube.test/"))).toEqual([]);
      await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
      await k("wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s");
      expect(await k("logs", "keeper")).toBe("first");
      expect((await listed()).trim().split("\n")).toEqual([
        "/etc/containerd/config.toml",
        "/run/containerd",
        "/var/lib/containerd",
        "/var/lib/docker",
        "0",
        "0",
      ]);
      const again = await user.ok(["start", "-p", profile, "--dry-run"]);
      expect(again.stdout).not.toContain("take docker out");
    });

    it("goes on with a change that was killed in the middle, and is asked no more", async () => {
      const killed = await user.run(change("docker", "--yes", "--output", "json"), {
        onEvent: ({ type, data }, kill) => {
          if (type.endsWith("step.finished") && data["id"] === "runtime-change") kill("SIGKILL");
        },
      });
      expect(killed.signal).toBe("SIGKILL");
      await user.ok(["start", "-p", profile]);
      expect(await runtimeOfNode()).toBe("docker");
      // Its data was kept, so the image is still there.
      await k("wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s");
      expect(await k("logs", "keeper")).toBe("first");
      expect(await listed()).not.toContain("/etc/containerd/config.toml");
    });

    it("changes to a CRI server that the machine has, which stays as it was, and back", async () => {
      const theirs = "ctr --address /run/theirs/cri.sock --namespace k8s.io";
      const configuration = `version = 2
root = "/var/lib/theirs"
state = "/run/theirs/state"
[grpc]
  address = "/run/theirs/cri.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localkube.local/pause:3.2"
  restrict_oom_score_adj = true
`;
      const unit = `[Service]\nExecStart=/usr/bin/containerd --config /root/theirs.toml\nDelegate=yes\nKillMode=process\n`;
      await inNode(
        "sh",
        "-c",
        `printf '${configuration.replaceAll("\n", "\\n")}' > /root/theirs.toml
         printf '${unit.replaceAll("\n", "\\n")}' > /etc/systemd/system/theirs.service
         systemctl daemon-reload; systemctl start theirs
         for i in $(seq 50); do ${theirs} version >/dev/null 2>&1 && break; sleep 0.1; done
         ${theirs} images import /var/lib/localkube/images/pause.tar`,
      );
      const life = () =>
        inNode(
          "sh",
          "-c",
          `systemctl show --property MainPID,NRestarts theirs; sha256sum /root/theirs.toml; ${theirs} images list --quiet | grep -v ^sha256:; ${theirs} containers list --quiet`,
        );
      const before = await life();
      await user.ok(change("cri", "--cri-socket", "/run/theirs/cri.sock", "--yes"));
      expect(await runtimeOfNode()).toBe("containerd");
      await expect(inNode("systemctl", "is-active", "docker")).rejects.toThrow("inactive");
      await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
      await k("wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s");
      expect(await k("exec", "keeper", "--", "cat", "/data/word")).toBe("first");
      await user.ok(change("docker", "--yes"));
      expect(await runtimeOfNode()).toBe("docker");
      await k("wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s");
      expect(await life()).toBe(before);
    });
  });

  it("is deleted without a trace", async () => {
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile)).toEqual([]);
  });
});
