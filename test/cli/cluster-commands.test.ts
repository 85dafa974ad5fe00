import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

describe("a cluster that is not there is said within five seconds by", () => {
  test.each([
    ["ssh"],
    ["ssh", "--", "true"],
    ["cp", "/etc/hostname", ":/root/"],
    ["cp", "nope:/etc/hostname", "."],
    ["kubectl", "--", "get", "pods"],
    ["kubectl", "get", "pods", "-o", "wide"],
    ["logs"],
    ["logs", "kubelet", "--follow"],
    ["docker-env"],
    ["image", "ls"],
    ["image", "load", "/etc/hostname"],
    ["image", "rm", "web"],
  ])("%s %s %s", async (...argv) => {
    const startedAt = performance.now();
    const { stdout, stderr, exitCode } = await localkube(home, argv, { LOCALKUBE_PROFILE: "nope" });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(stderr).toMatch(/^Error CLUSTER_UNKNOWN: .*nope$/m);
    expect(stdout).toBe("");
    expect(exitCode).toBe(66);
  });
});

test.each([[["suspend"]], [["resume"]], [["snapshot", "create", "one"]], [["snapshot", "list"]]] as const)(
  "%j of a driver that cannot do it says so, and the cluster stays as it is",
  async (argv) => {
    await storeCluster(home, "web");
    const { stdout, stderr, exitCode } = await localkube(home, [...argv, "-p", "web"]);
    expect(stderr).toMatch(/^Error DRIVER_CANNOT: .*podman/m);
    expect([stdout, exitCode]).toEqual(["", 69]);
    const status = await localkube(home, ["profile", "list", "-o", "json"]);
    expect(status.stdout).toContain('"web"');
  },
);

test.each(["Big", "a/b", "..", "a".repeat(41), "a b"])("'%s' is no name of a snapshot", async (name) => {
  for (const verb of [["create"], ["restore", "--yes"], ["delete"]]) {
    const { stderr, exitCode } = await localkube(home, ["snapshot", ...verb, name, "-p", "web"]);
    expect(stderr).toMatch(/^Error SNAPSHOT_NAME_INVALID: /m);
    expect(exitCode).toBe(2);
  }
});

describe("docker-env", () => {
  it("names the runtime of a cluster without docker", async () => {
    await storeCluster(home, "web");
    const { stdout, stderr, exitCode } = await localkube(home, ["docker-env", "-p", "web"]);
    expect(stderr).toMatch(/^Error DOCKER_ENV_NO_DOCKER: .*web.* containerd,.*\nFix: .*--runtime docker/m);
    expect([stdout, exitCode]).toEqual(["", 69]);
  });
  it("says that the cluster does not run", async () => {
    await storeCluster(home, "web", { runtime: "docker" });
    const { stdout, stderr } = await localkube(home, ["docker-env", "-p", "web"]);
    expect(stderr).toMatch(/^Error CLUSTER_NOT_RUNNING: /m);
    expect(stdout).toBe("");
    const nodeless = await localkube(home, ["docker-env", "-p", "web", "--node", "nope"]);
    expect(nodeless.stderr).toMatch(/^Error NODE_UNKNOWN: /m);
  });
  it("refuses a shell that it does not know, and lists those it knows", async () => {
    const { stderr, exitCode } = await localkube(home, ["docker-env", "--shell", "tcsh"]);
    expect(stderr).toMatch(/^Error USAGE_INVALID: .*bash, zsh, fish, powershell, cmd$/m);
    expect(exitCode).toBe(2);
  });
  it("refuses a state folder that cannot stand in PATH", async () => {
    const state = join(home, "a:b");
    await storeCluster(home, "web", { runtime: "docker" });
    await rename(join(home, "state"), state);
    const { stderr, exitCode } = await localkube(home, ["docker-env", "-p", "web"], {
      LOCALKUBE_HOME: state,
    });
    expect(stderr).toMatch(/^Error DOCKER_ENV_FOLDER_NAME: .*a:b/m);
    expect(exitCode).toBe(78);
  });
  it("takes back what a cluster that is gone has left, and only that", async () => {
    const env = {
      PATH: `${home}/state/clusters/gone/ssh/bin:${process.env["PATH"]}`,
      DOCKER_HOST: "ssh://root@127.0.0.1:2222",
      LOCALKUBE_ACTIVE_DOCKER: "gone",
      LOCALKUBE_EXISTING_DOCKER_CONTEXT: "mine",
      SHELL: "/bin/bash",
    };
    const { stdout, stderr, exitCode } = await localkube(home, ["docker-env", "--unset"], env);
    expect(stdout.split("\n")).toEqual([
      "unset DOCKER_HOST;",
      "unset LOCALKUBE_ACTIVE_DOCKER;",
      "unset LOCALKUBE_EXISTING_DOCKER_CONTEXT;",
      "export DOCKER_CONTEXT='mine';",
      `export PATH='${process.env["PATH"]}';`,
      '# To do it in this shell: eval "$(localkube docker-env --unset)"',
      "",
    ]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const inTcsh = await localkube(home, ["docker-env", "--unset"], { ...env, SHELL: "/bin/tcsh" });
    expect(inTcsh.stderr).toMatch(/^Error SHELL_UNKNOWN: .*tcsh/m);
    const asJson = await localkube(home, ["docker-env", "--unset", "-o", "json"], {
      ...env,
      SHELL: "/bin/tcsh",
    });
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      set: { DOCKER_CONTEXT: "mine", PATH: process.env["PATH"] },
    });
  });
  it("leaves a DOCKER_HOST of the user alone", async () => {
    const env = { DOCKER_HOST: "tcp://10.0.0.1:2376", SHELL: "/bin/bash" };
    const { stdout, stderr, exitCode } = await localkube(home, ["docker-env", "--unset"], env);
    expect([stdout, exitCode]).toEqual(["", 0]);
    expect(stderr).toContain("nothing to take back");
  });
});

test("the error is JSON where JSON is asked for", async () => {
  const { stdout, exitCode } = await localkube(home, ["image", "ls", "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ error: { id: "CLUSTER_UNKNOWN", exitCode: 66 } });
  expect(exitCode).toBe(66);
});

test.each([
  [["cp", "a", "b"], "COPY_SIDES", 2],
  [["cp", ":/a", ":/b"], "COPY_SIDES", 2],
  [["cp", "a", "two:/b", "-p", "one"], "COPY_PROFILE_CONFLICT", 2],
  [["image", "load"], "USAGE_MISSING_ARGUMENT", 2],
  [["image", "rm"], "USAGE_MISSING_ARGUMENT", 2],
  [["logs", "--lines", "0"], "USAGE_INVALID", 2],
] as const)("%j is refused with %s", async (argv, id, code) => {
  const { stderr, exitCode } = await localkube(home, argv);
  expect(stderr).toMatch(new RegExp(`^Error ${id}: `));
  expect(exitCode).toBe(code);
});

test("a state file that cannot be read is named, not taken for an absent cluster", async () => {
  const folder = join(home, "state/clusters/localkube");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "cluster.json"), "{");
  for (const argv of [["kubectl", "version"], ["logs"], ["ssh"]]) {
    const { stderr, exitCode } = await localkube(home, argv);
    expect(stderr).toContain("STATE_DAMAGED");
    expect(stderr).toContain("localkube delete -p localkube");
    expect(exitCode).toBe(78);
  }
});
