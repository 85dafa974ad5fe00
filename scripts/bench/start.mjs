import { busyboxImage, busyboxRef } from "../../test/e2e/kit/busybox-image.ts";
import { run } from "./run.mjs";

const service = "kubernetes.default.svc.cluster.local";
const serviceAddress = "10.96.0.1";

/** From nothing but warm caches to a pod of the user's own image that resolves a name of the cluster. */
export async function start(bench) {
  const started = await bench.cluster();
  const { floorSeconds } = bench;
  const ratio = floorSeconds ? { to: "floor", value: started.total / floorSeconds } : undefined;
  return startRows(started, { aim: 25, ...(ratio ? { ratio } : {}) });
}

/** What `startCluster` measured; `first` goes into the row of the whole. */
export function startRows({ total, command, before, steps, load, pod }, first) {
  return [
    { what: "start to 'pod resolves DNS'", value: total, unit: "s", ...first },
    { what: "localkube start", value: command, unit: "s", indent: 1 },
    { what: "before the first step", value: before, unit: "s", indent: 2 },
    ...steps.map(({ id, from, seconds: value }) => ({
      what: id,
      value,
      unit: "s",
      indent: 2,
      note: `from ${from.toFixed(2)} s`,
    })),
    { what: "loading the user's image", value: load, unit: "s", indent: 1, note: "localkube image load" },
    { what: "kubectl run to the answer", value: pod, unit: "s", indent: 1 },
  ];
}

/** Starts the cluster of this benchmark and runs the pod; seconds of everything. Steps overlap: each has its own beginning. */
export async function startCluster(bench, wishes = ["--driver", "podman"]) {
  const { profile, undo, home } = bench;
  await bench.endBareMachine();
  const archive = await busyboxImage(home);
  undo.push(() => bench.localkube(["delete", "-p", profile], { signal: undefined }));
  const steps = new Map();
  let before = 0;
  const args = ["start", "-p", profile, ...wishes, "--artifacts", "debian", "--output", "json"];
  const begun = performance.now();
  const started = await bench.localkube(args, {
    timeoutMs: 1_800_000,
    onLine(line, ms) {
      const { type, data } = JSON.parse(line);
      if (type?.endsWith("run.started")) before = ms / 1000;
      if (type?.endsWith("step.started")) steps.set(data.id, { id: data.id, from: ms / 1000 });
      if (type?.endsWith("step.finished")) steps.get(data.id).seconds = data.durationMs / 1000;
    },
  });
  const load = (await bench.localkube(["image", "load", archive, "-p", profile])).seconds;
  const pod = await podAnswers(bench);
  const total = (pod.answeredAt - begun) / 1000;
  return { total, command: started.seconds, before, steps: [...steps.values()], load, pod: pod.seconds };
}

/** Seconds until the pod prints the service's address, and when that was; kubectl itself ends later, when it has noticed the pod's end. */
async function podAnswers(bench) {
  const kubectl = (await bench.artifacts()).programs.kubectl.file;
  const context = [kubectl, "--context", bench.profile];
  const look = `until nslookup ${service} | grep ${serviceAddress}; do sleep 0.1; done`;
  // kubectl sees nothing of what was said before it attached.
  const repeat = `for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; echo ${serviceAddress}; done`;
  const pod = [
    "run",
    "bench",
    "--restart=Never",
    `--image=${busyboxRef}`,
    "--attach",
    "--quiet",
    "--",
    "sh",
    "-c",
    `${look}; ${repeat}`,
  ];
  const { env, signal } = bench;
  const begun = performance.now();
  let answer;
  await run([...context, ...pod], {
    env,
    signal,
    timeoutMs: 300_000,
    onLine: (line, ms) => {
      if (line.includes(serviceAddress)) answer ??= ms;
    },
  });
  if (answer === undefined) throw new Error("the pod ended without an answer");
  await run([...context, "delete", "pod", "bench", "--wait=false", "--grace-period=0", "--force"], {
    env,
    signal,
  });
  return { seconds: answer / 1000, answeredAt: begun + answer };
}
