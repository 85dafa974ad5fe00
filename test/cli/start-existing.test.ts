import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
  await storeCluster(home, "web");
});

test("a cluster keeps its artifacts: others are refused, and the refusal says what to do", async () => {
  const args = ["start", "-p", "web", "--artifacts", "upstream", "--dry-run"];
  const { stderr, exitCode } = await localkube(home, args);
  expect(stderr).toMatch(
    /^Error CHANGE_NEEDS_RECREATE: artifacts of the cluster web cannot be changed .* debian, requested upstream\)$/m,
  );
  expect(stderr).toContain("localkube start -p NAME --artifacts upstream");
  expect(exitCode).toBe(2);
});

test("a cluster that is to be made again is compared with the host like a new one, before the old one is removed", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const args = ["start", "-p", "web", "--recreate", "--yes", "--apiserver-port", String(port)];
    const { stderr, exitCode } = await localkube(home, args);
    expect(stderr).toMatch(/^Error PORT_IN_USE: /m);
    expect(exitCode).not.toBe(0);
  } finally {
    server.close();
  }
  const list = await localkube(home, ["profile", "list", "-o", "json"]);
  expect(list.stdout).toContain('"web"');
});

test("the plan of --recreate says first what is lost; without it, nothing is", async () => {
  const dryRun = ["start", "-p", "web", "--dry-run", "--driver", "podman"];
  const { stdout, stderr } = await localkube(home, [...dryRun, "--recreate"]);
  expect(stderr).not.toContain("Error");
  const [, first, ...others] = stdout.trim().split("\n");
  expect(first).toMatch(
    /^ {2}- delete the cluster web \(created \d{4}-\d\d-\d\d with the driver \w+\) with all its data: /,
  );
  expect(others.length).toBeGreaterThan(3);
  expect(others.join("\n")).not.toContain("with all its data");
  expect((await localkube(home, dryRun)).stdout).not.toContain("with all its data");
  const unknown = ["start", "-p", "other", "--dry-run", "--driver", "podman", "--recreate"];
  expect((await localkube(home, unknown)).stdout).not.toContain("with all its data");
});

test("another runtime is planned for a cluster that localkube made, and refused on a host that is somebody's", async () => {
  const planned = async (profile: string, ...more: readonly string[]) =>
    localkube(home, ["start", "-p", profile, "--dry-run", ...more]);
  /** With a machine: where there is none yet, no runtime has to be taken out of it. */
  const store = (name: string, { driver = "podman", runtime = "containerd" }) => {
    const ports = { ssh: 40022, api: 40443 };
    const machine = {
      driver,
      name: `localkube-${name}`,
      address: "10.89.7.2",
      addressReachable: true,
      ports,
      data: {},
    };
    return storeCluster(home, name, { driver, runtime, nodes: [{ name, role: "control-plane", machine }] });
  };
  await store("web", {});
  const wanted = await planned("web", "--runtime", "docker");
  expect(wanted.stdout).toContain(
    "end the pods and take containerd out of the machine; its data stays in /var/lib/containerd",
  );
  // Words for what it has already are no change.
  for (const word of ["cri", "containerd"])
    expect((await planned("web", "--runtime", word)).stdout).not.toContain("take containerd out");
  await store("dock", { runtime: "docker" });
  for (const word of ["cri", "docker", "cri-dockerd"])
    expect((await planned("dock", "--runtime", word)).stdout).not.toContain("out of the machine");
  await store("theirs", { driver: "ssh" });
  const refused = await planned("theirs", "--runtime", "docker");
  expect(refused.stderr).toMatch(
    /^Error CHANGE_NEEDS_RECREATE: runtime of the cluster theirs cannot be changed/m,
  );
  expect(refused.exitCode).toBe(2);
});
