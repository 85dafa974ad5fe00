import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureCertificates } from "../../src/provision/pki/ensure-certificates.ts";
import { bareApiPort } from "./bare-machine.mjs";

const etcd = "http://127.0.0.1:12379";
const peer = "http://127.0.0.1:12380";
const folder = "/var/lib/bench";

// etcd says READY before the API server is started: an API server that comes first only loses time with retries.
const script = `
systemd-run --quiet --unit bench-etcd --property Type=notify etcd --data-dir ${folder}/etcd \
  --listen-client-urls ${etcd} --advertise-client-urls ${etcd} --listen-peer-urls ${peer} \
  --initial-advertise-peer-urls ${peer} --initial-cluster default=${peer}
systemd-run --quiet --unit bench-apiserver ${folder}/kube-apiserver --etcd-servers ${etcd} --secure-port ${bareApiPort} \
  --authorization-mode Node,RBAC --allow-privileged --service-cluster-ip-range 10.96.0.0/12 \
  --tls-cert-file ${folder}/apiserver.crt --tls-private-key-file ${folder}/apiserver.key \
  --service-account-issuer https://bench --service-account-key-file ${folder}/sa.pub --service-account-signing-key-file ${folder}/sa.key
`;

/** What no start can beat here: the machine's boot to SSH, then etcd and one API server with everything already in place. */
export async function floor(bench) {
  const { create, start, ssh, api } = await measure(bench);
  bench.floorSeconds = create + start + ssh + api;
  return [
    { what: "machine boot + bare API server", value: bench.floorSeconds, unit: "s" },
    { what: "podman create and keys", value: create, unit: "s", indent: 1 },
    { what: "podman start", value: start, unit: "s", indent: 1 },
    { what: "until a command runs over SSH", value: ssh, unit: "s", indent: 1 },
    { what: "etcd + kube-apiserver to /readyz", value: api, unit: "s", indent: 1 },
  ];
}

async function measure(bench) {
  const { transport, apiPort, seconds } = await bench.bareMachine();
  const { signal } = bench;
  await transport.push(await neededFiles(bench), { signal });
  const begun = performance.now();
  await transport.exec(["sh", "-e", "-s"], { stdin: script, signal });
  while (!(await isReady(apiPort))) {
    if (performance.now() - begun > 120_000)
      throw new Error("the bare API server did not become ready in 120 s");
    await sleep(30, undefined, { signal });
  }
  const api = (performance.now() - begun) / 1000;
  await transport.exec(["systemctl", "stop", "bench-apiserver", "bench-etcd"], { signal });
  return { ...seconds, api };
}

async function neededFiles(bench) {
  const { leaves, serviceAccount } = await ensureCertificates(join(bench.home, "bare/pki"), {
    nodes: [{ name: "bench", role: "control-plane", address: "127.0.0.1" }],
    serviceAddress: "10.96.0.1",
    clusterDomain: "cluster.local",
    extraNames: [],
    extraIps: [],
  });
  const { file, sha256, size } = (await bench.artifacts()).programs["kube-apiserver"];
  const text = (name, content) => ({
    path: `${folder}/${name}`,
    mode: 0o600,
    source: { kind: "text", text: content },
  });
  return [
    { path: `${folder}/kube-apiserver`, mode: 0o755, source: { kind: "file", file, sha256, size } },
    text("apiserver.crt", leaves.apiserver.certificate),
    text("apiserver.key", leaves.apiserver.key),
    text("sa.pub", serviceAccount.publicKey),
    text("sa.key", serviceAccount.privateKey),
  ];
}

/** Only the status counts; nothing secret is sent, so the server's certificate is not looked at. */
function isReady(port) {
  return new Promise((resolve) => {
    const call = request(
      { host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false, agent: false, timeout: 3000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(false));
    call.end();
  });
}
