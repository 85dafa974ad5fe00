import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DockerDaemon, dockerDaemon } from "../contract/docker-daemon.ts";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { leftovers, objectsNaming } from "./kit/leftovers.ts";
import { profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-docker");
const machine = `localkube-${profile}`;

/** One cluster's life on a real docker engine, and another user of that engine beside it; the order of the tests is the order of that life. */
describe("the main job on a docker machine", () => {
  let daemon: DockerDaemon;
  let user: Workspace;
  /** Another user of the same daemon, with a state folder and a cache of their own. */
  let second: Workspace;
  const start = ["start", "-p", profile, "--driver", "docker", "--artifacts", "debian"];
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const inPod = (...argv: string[]) => k("exec", "probe", "--", ...argv);
  const docker = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runProgram(["docker", ...args], { env: user.env });
    if (exitCode !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const everything = () => objectsNaming("localkube", "docker", user.env);

  beforeAll(async () => {
    daemon = await dockerDaemon();
    // Only this engine: what podman has belongs to the tests beside this one.
    const engine = { DOCKER_HOST: daemon.address, CONTAINER_HOST: "tcp://127.0.0.1:1" };
    user = await workspace(engine);
    const cache = join(user.home, "second-cache");
    await mkdir(cache);
    second = await workspace({ ...engine, XDG_CACHE_HOME: cache });
  });
  afterAll(async () => {
    await second?.dispose();
    await user?.dispose();
    await daemon?.stop();
  });

  it("starts a cluster with a Ready node, on an engine without every capability too", async () => {
    await user.ok(start, { timeoutMs: 3_000_000 });
    expect(await docker("inspect", "--format", "{{.State.Status}}", machine)).toBe("running");
    const { stdout, exitCode } = await user.run(["status", "-p", profile, "--output", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ machine: "running", api: "running", node: "ready" });
    expect(exitCode).toBe(0);
    expect(await docker("inspect", "--format", "{{json .Config}}", machine)).not.toContain("PRIVATE KEY");
  });

  it("runs a pod that resolves a Service by cluster DNS and reaches it", async () => {
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    const script =
      "mkdir -p /tmp/www && echo hello-from-pod > /tmp/www/index.html && httpd -f -p 8080 -h /tmp/www";
    await k("run", "probe", `--image=${busyboxRef}`, "--labels=app=probe", "--", "sh", "-c", script);
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    await k("expose", "pod", "probe", "--name=web", "--port=80", "--target-port=8080");
    const address = await k("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
    expect(
      await eventually(
        () => inPod("nslookup", "web.default.svc.cluster.local"),
        (text) => text.includes(address),
      ),
    ).toContain(address);
    await eventually(
      () => inPod("wget", "-qO-", "http://web/"),
      (text) => text.includes("hello-from-pod"),
    );
  });

  it("changes nothing when it is started again", async () => {
    const facts = () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", machine);
    const before = await facts();
    await user.ok(start);
    expect(await facts()).toBe(before);
  });

  it("keeps its objects over stop and start", async () => {
    await k("create", "configmap", "kept", "--from-literal=key=value");
    await user.ok(["stop", "-p", profile]);
    const [status, code] = (
      await docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", machine)
    ).split(" ");
    // In good order: 137 is what a kill leaves.
    expect(status).toBe("exited");
    expect(code).not.toBe("137");
    await user.ok(["start", "-p", profile]);
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("value");
    await eventually(
      () => inPod("wget", "-qO-", "http://web/"),
      (text) => text.includes("hello-from-pod"),
    );
  });

  it("pauses and goes on", async () => {
    await user.ok(["pause", "-p", profile]);
    const paused = await user.run(["status", "-p", profile, "--output", "json"]);
    expect(JSON.parse(paused.stdout)).toMatchObject({ machine: "running", api: "paused" });
    await user.ok(["unpause", "-p", profile]);
    await eventually(
      () => user.run(["status", "-p", profile]),
      ({ exitCode }) => exitCode === 0,
    );
    expect(await inPod("echo", "still-here")).toBe("still-here");
  });

  describe.each([
    ["is there", (work: () => Promise<void>) => work()],
    [
      "is not mounted now",
      async (work: () => Promise<void>) => {
        const state = join(user.home, "state");
        await rename(state, `${state}-elsewhere`);
        try {
          await work();
        } finally {
          await rename(`${state}-elsewhere`, state);
        }
      },
    ],
  ])("to another user of the engine, while the first one's folder %s,", (_when, during) => {
    it("says whose the name is, and how to go on", () =>
      during(async () => {
        // The cache of the first user's has what a start needs; this one's own is for the purge.
        const { XDG_CACHE_HOME = "" } = user.env;
        const { exitCode, stderr } = await second.run(start, { env: { XDG_CACHE_HOME } });
        expect(stderr).toContain("DRIVER_OTHER_HOME");
        expect(stderr).toContain(join(user.home, "state"));
        expect(stderr).toContain("--profile");
        expect(exitCode).toBe(73);
      }));

    it("lets delete and purge remove nothing of the first one's", () =>
      during(async () => {
        const before = await everything();
        const image = await docker("images", "--quiet");
        await second.ok(["delete", "-p", profile]);
        await second.ok(["delete", "--all", "--purge"]);
        expect(await everything()).toEqual(before);
        expect(await docker("images", "--quiet")).toBe(image);
        expect(await docker("inspect", "--format", "{{.State.Status}}", machine)).toBe("running");
      }));
  });

  it("is deleted without a trace, and purge takes the image along", async () => {
    expect(await k("get", "configmap", "kept", "-o", "jsonpath={.data.key}")).toBe("value");
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile, "docker")).toEqual([]);
    expect(await everything()).toEqual([]);
    expect(await docker("images", "--quiet")).not.toBe("");
    await second.ok(["delete", "--all", "--purge"]);
    expect(await docker("images", "--quiet", "--all")).toBe("");
  });
});
