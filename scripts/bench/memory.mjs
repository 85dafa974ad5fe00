import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./run.mjs";

const settleMs = 20_000;
const programs = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "containerd",
  "containerd-shim-runc-v2",
  "cluster-dns",
];

// The program is the name of the file it was started from: `comm` is cut off after 15 letters.
const script = `
for p in /proc/[0-9]*; do
  exe=$(readlink "$p/exe") || continue
  rss=$(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' "$p/status" 2>/dev/null)
  [ -n "$rss" ] && echo "\${exe##*/} $rss"
done
`;

/** Resident memory of each program of the idle control plane and node, as the guest's kernel counts it (shared pages in each). */
export async function memory(bench) {
  await bench.cluster();
  await sleep(settleMs, undefined, { signal: bench.signal });
  const { stdout } = await run(["podman", "exec", `localkube-${bench.profile}`, "sh", "-c", script], {
    signal: bench.signal,
  });
  const sums = new Map(programs.map((name) => [name, 0]));
  for (const line of stdout.trim().split("\n")) {
    const [name, kibibytes] = line.split(" ");
    if (sums.has(name)) sums.set(name, sums.get(name) + Number(kibibytes) / 1024);
  }
  const absent = programs.filter((name) => !sums.get(name));
  if (absent.length) throw new Error(`not running in the machine: ${absent.join(", ")}\n${stdout}`);
  const total = [...sums.values()].reduce((sum, value) => sum + value, 0);
  return [
    {
      what: "resident memory, idle",
      value: total,
      unit: "MiB",
      note: `${settleMs / 1000} s after the pod is gone`,
    },
    ...[...sums].map(([what, value]) => ({ what, value, unit: "MiB", indent: 1 })),
  ];
}
