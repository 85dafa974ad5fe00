import { describe, expect, test } from "vitest";
import { isProblem } from "../../../../src/cluster/logs/problem.ts";
import { problemSink } from "../../../../src/cluster/logs/problem-sink.ts";

// Lines that real components wrote.
const problems = [
  'kubelet[434]: E1122 13:44:36.844791     434 pod_workers.go:191] Error syncing pod 70983ee0, skipping: failed to "StartContainer"',
  "kube-proxy[431]: F1122 13:32:14.075214     431 server.go:495] unable to create client",
  "kubelet[434]: W1122 13:36:36.002007     434 pod_container_manager_linux.go:198] failed to delete cgroup paths",
  'containerd[252]: time="2026-11-22T13:42:10Z" level=error msg="copy shim log" error="read /proc/self/fd/25: file already closed"',
  'containerd[252]: time="2026-11-22T13:42:10Z" level=warning msg="cleanup failed"',
  'etcd[253]: {"level":"fatal","ts":"2026-11-22","msg":"discovery failed"}',
  "systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
  "kernel: Out of memory: Killed process 4711 (kube-apiserver)",
  "kubelet[434]: I1122 13:44:36.844791     434 oom_linux.go:65] invoked oom-killer",
  "kube-apiserver[1]: panic: runtime error: invalid memory address or nil pointer dereference",
  "2026-11-22T13:32:35.417Z Loading images: failed (1.2 s): SSH_COMMAND_FAILED: …",
  "2026-11-22T13:48:23Z stderr F plugin/errors: 2 example.org. A: read udp: i/o timeout",
];
const fine = [
  "kube-apiserver[295]: I1122 13:44:22.695291     295 client.go:360] parsed scheme: passthrough, no error found",
  "kubelet[131]: I1122 13:44:22.695291     131 flags.go:59] FLAG: --exit-on-lock-contention=false",
  'containerd[252]: time="2026-11-22T13:42:10Z" level=info msg="RemoveContainer returns" error="<nil>"',
  'etcd[253]: {"level":"info","msg":"finished scheduled compaction","error":""}',
  "kubelet[131]: /usr/local/bin/kubelet --runtime-request-timeout=15m --node-ip=10.0.0.2",
  "systemd[1]: Started Kubernetes node agent.",
  "kubelet[434]: W1122 13:36:36.002007     434 server.go:198] watching apiserver through a proxy",
  "2026-11-22T13:32:35.417Z Waiting for the cluster to be usable: done (19.3 s)",
];

describe("a line", () => {
  test.each(problems)("is a problem: %s", (line) => expect(isProblem(line)).toBe(true));
  test.each(fine)("is none: %s", (line) => expect(isProblem(line)).toBe(false));
});

test("only the last problems of each section come through, and no empty section", () => {
  const out: string[] = [];
  const sink = problemSink({ section: (name) => out.push(`==> ${name}`), line: (text) => out.push(text) }, 2);
  sink.section("quiet");
  sink.line("all is well");
  sink.section("loud");
  for (const count of [1, 2, 3]) sink.line(`error ${count}`);
  sink.line("all is well");
  sink.section("last");
  sink.line("panic: x");
  sink.end();
  expect(out).toEqual(["==> loud", "error 2", "error 3", "==> last", "panic: x"]);
});
