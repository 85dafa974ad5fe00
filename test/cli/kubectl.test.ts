import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { specSurroundings } from "../../src/cluster/spec/surroundings.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { resolveSpec } from "../../src/spec/resolve-spec.ts";
import { saveCluster } from "../../src/state/store.ts";
import { cleanEnvironment, localkube, projectRoot, temporaryHome } from "./run-localkube.ts";

/** A patch release of which the catalogue holds no digest, so that the file beside the binary decides. */
const kubernetesVersion = "v1.30.99";
const arch = hostContext().arch;

/** Stands where kubectl stands in the cache and says how it was called. */
const script = `#!/bin/sh
[ "$1" = stdin ] && cat && exit 0
for word; do echo "word:$word"; done
echo "kubeconfig:$KUBECONFIG"
exit 3
`;

let home: string;
let binary: string;
let port: number;
beforeEach(async () => {
  home = await temporaryHome();
  binary = join(
    home,
    `cache/localkube/artifacts/dl.k8s.io/release/${kubernetesVersion}/bin/linux/${arch}/kubectl`,
  );
  await mkdir(dirname(binary), { recursive: true });
  await writeFile(binary, script, { mode: 0o644 });
  await writeFile(`${binary}.sha256`, createHash("sha256").update(script).digest("hex"));
  // What a cluster's machine has on loopback: a port that takes connections.
  const api = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void api.close());
  port = (api.address() as AddressInfo).port;
  await saveRecord();
});

async function saveRecord(): Promise<void> {
  const spec = resolveSpec({ flags: { name: "one" } }, specSurroundings());
  await saveCluster(
    { stateDir: join(home, "state"), cacheDir: join(home, "cache") },
    {
      schema: 6,
      spec,
      createdAt: "2026-01-02T03:04:05.000Z",
      phase: "running",
      driver: "podman",
      runtime: "containerd",
      kubernetesVersion,
      artifactsSource: "upstream",
      nodes: [
        {
          name: "one",
          role: "control-plane",
          machine: {
            driver: "podman",
            name: "localkube-no-such-machine-of-a-test",
            address: "192.0.2.2",
            addressReachable: false,
            ports: { ssh: 1, api: port },
            data: {},
          },
        },
      ],
      addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
    },
  );
}

test("a colon in the state folder's path does not make two files of the kubeconfig", async () => {
  await rename(join(home, "state"), join(home, "a:b"));
  const env = { LOCALKUBE_HOME: join(home, "a:b") };
  const { stdout } = await localkube(home, ["kubectl", "-p", "one", "--", "get", "pods"], env);
  const [flag, ...words] = stdout.split("\n").filter((line) => line.startsWith("word:"));
  expect(flag).toMatch(/^word:--kubeconfig=.*\/a:b\/clusters\/one\//);
  expect(words).toEqual(["word:get", "word:pods"]);
});

test("words and the exit code pass through, with or without --, and a kubeconfig of this cluster alone", async () => {
  for (const argv of [
    ["-p", "one", "--", "get", "pods", "-o", "wide", "-p", "a  b"],
    ["-p", "one", "get", "pods", "-o", "wide", "-p", "a  b"],
  ]) {
    const { stdout, stderr, exitCode } = await localkube(home, ["kubectl", ...argv], {
      KUBECONFIG: "/nonexistent/other",
    });
    const file = join(home, "state/clusters/one/kubeconfig");
    const words = ["get", "pods", "-o", "wide", "-p", "a  b"].map((word) => `word:${word}`);
    expect(stdout.trimEnd().split("\n")).toEqual([...words, `kubeconfig:${file}`]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(3);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const config = parse(await readFile(file, "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({
      "current-context": "one",
      clusters: [{ name: "one", cluster: { server: `https://127.0.0.1:${port}` } }],
    });
  }
});

test("standard input passes through", async () => {
  const argv = [join(projectRoot, "bin/localkube"), "kubectl", "-p", "one", "--", "stdin"];
  const child = spawn(process.execPath, argv, { env: cleanEnvironment(home), timeout: 20_000 });
  child.stdin.end("apiVersion: v1\n");
  expect(await text(child.stdout)).toBe("apiVersion: v1\n");
});

test("the kubeconfig is made again when the cluster's record is younger", async () => {
  const file = join(home, "state/clusters/one/kubeconfig");
  await localkube(home, ["kubectl", "-p", "one", "x"]);
  await writeFile(file, "old");
  await localkube(home, ["kubectl", "-p", "one", "x"]);
  expect(await readFile(file, "utf8")).toBe("old");
  await utimes(file, 1, 1);
  await localkube(home, ["kubectl", "-p", "one", "x"]);
  expect(await readFile(file, "utf8")).toContain("server:");
});

test("a damaged kubectl of the cache is never run", async () => {
  await writeFile(binary, `${script}# changed\n`);
  const { stdout, stderr, exitCode } = await localkube(home, ["kubectl", "-p", "one", "get", "pods"]);
  expect(stdout).toBe("");
  // The node's own kubectl is the way out, and this test has no machine.
  expect(stderr).toMatch(/^Error (CLUSTER_NOT_RUNNING|HOST_COMMAND_NOT_FOUND): /m);
  expect(exitCode).toBe(69);
});
