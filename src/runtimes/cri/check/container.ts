import { dirname } from "node:path/posix";
import type { Transport } from "../../../contract/transport.ts";
import { poll } from "../../../host/poll.ts";
import type { ContainerConfig, SandboxConfig } from "../pod-messages.ts";
import { type Calls, type CheckPlace, expectThat, expectUrl } from "./calls.ts";
import { checkLabels, checkPod } from "./remains.ts";

export interface ContainerPlace extends CheckPlace {
  readonly podSandboxId: string;
  readonly sandbox: SandboxConfig;
}

const logPath = "probe/0.log";
const logMs = 10_000;
/** Seconds; the program ends at once, and what takes longer is killed. */
const stopSeconds = 10;
const execSeconds = 30;
const word = "hello";

/** The calls for one container of a running sandbox; removes it. */
export async function checkContainer(place: ContainerPlace, calls: Calls): Promise<void> {
  const { cri, transport, signal, podSandboxId, sandbox: sandboxConfig } = place;
  const options = { signal };
  const create = async (): Promise<string> => {
    // As the kubelet does it; not every runtime makes the folder.
    await transport.exec(["mkdir", "-p", dirname(`${sandboxConfig.logDirectory}/${logPath}`)], options);
    const config = containerConfig(place);
    const request = { podSandboxId, config, sandboxConfig };
    const { containerId } = await cri.call("RuntimeService/CreateContainer", request, options);
    expectThat(containerId !== "", "it gives no id");
    return containerId;
  };
  const created = await calls.make("CreateContainer", create, { after: ["RunPodSandbox", "PullImage"] });
  const containerId = created ?? "";
  await calls.make(
    "StartContainer",
    () => cri.call("RuntimeService/StartContainer", { containerId }, options),
    { after: ["CreateContainer"] },
  );
  await look(place, containerId, calls);
  await checkLog(place, containerId, calls);
  await use(place, containerId, calls);
  await end(place, containerId, calls);
}

function containerConfig({ image, sandbox }: ContainerPlace): ContainerConfig {
  return {
    metadata: { name: "probe", attempt: 0 },
    image: { image: image.ref, userSpecifiedImage: image.ref },
    command: [image.program.path],
    labels: {
      ...checkLabels,
      // By these the kubelet finds out which pod a container belongs to: it ends one without.
      "io.kubernetes.pod.name": checkPod.name,
      "io.kubernetes.pod.namespace": checkPod.namespace,
      "io.kubernetes.pod.uid": sandbox.metadata.uid,
      "io.kubernetes.container.name": "probe",
    },
    annotations: { "io.kubernetes.container.hash": "0", "io.kubernetes.container.restartCount": "0" },
    logPath,
    linux: {
      // As the kubelet has it for pods without requests.
      resources: { cpuShares: 2, oomScoreAdj: 1000 },
      securityContext: sandbox.linux.securityContext,
    },
  };
}

async function look({ cri, signal }: ContainerPlace, containerId: string, calls: Calls): Promise<void> {
  const options = { signal };
  const after = ["StartContainer"];
  await calls.make(
    "ContainerStatus",
    async () => {
      const { status } = await cri.call("RuntimeService/ContainerStatus", { containerId }, options);
      expectThat(status?.state === "CONTAINER_RUNNING", `the container is ${status?.state ?? "not there"}`);
    },
    { after },
  );
  await calls.make(
    "ListContainers",
    async () => {
      const filter = { labelSelector: checkLabels };
      const { containers } = await cri.call("RuntimeService/ListContainers", { filter }, options);
      expectThat(
        containers.some(({ id }) => id === containerId),
        "the container is not listed by its label",
      );
    },
    { after },
  );
}

/** What the container printed is in the file where the kubelet reads it, and goes on in a new one after that was moved away. */
async function checkLog(
  { cri, transport, signal, sandbox, image }: ContainerPlace,
  containerId: string,
  calls: Calls,
): Promise<void> {
  const file = `${sandbox.logDirectory}/${logPath}`;
  const succeeds = (...argv: [string, ...string[]]) => exitsWell(transport, argv, signal);
  // The program has its line written before it waits, the runtime some time later.
  const appears = (check: () => Promise<boolean>) =>
    poll(async () => ((await check()) ? true : undefined), { signal, everyMs: 50, limitMs: logMs });
  const after = ["StartContainer"];
  const prints = () => succeeds("grep", "-qF", "--", image.program.prints, file);
  await calls.make(
    "container log",
    async () => {
      const found = await appears(prints);
      expectThat(found === true, `${file} has not what the container printed`);
    },
    { after },
  );
  // docker's own files are linked there; docker rotates them itself.
  const isLink = await succeeds("test", "-L", file);
  await calls.make(
    "ReopenContainerLog",
    async () => {
      if (!isLink) await transport.exec(["mv", "--", file, `${file}.rotated`], { signal });
      await cri.call("RuntimeService/ReopenContainerLog", { containerId }, { signal });
      expectThat((await appears(() => succeeds("test", "-e", file))) === true, `there is no new ${file}`);
    },
    isLink ? { after, needed: false } : { after: ["container log"] },
  );
}

const exitsWell = async (
  transport: Pick<Transport, "exec">,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<boolean> => (await transport.exec(argv, { signal, allowFailure: true })).exitCode === 0;

async function use(
  { cri, signal, image, podSandboxId }: ContainerPlace,
  containerId: string,
  calls: Calls,
): Promise<void> {
  const { path, exitCode } = image.program;
  const options = { signal };
  const dependsOn = { after: ["StartContainer"] };
  const cmd = [path, word];
  await calls.make(
    "ExecSync",
    async () => {
      const request = { containerId, cmd, timeout: execSeconds };
      const said = await cri.call("RuntimeService/ExecSync", request, options);
      const text = Buffer.from(said.stdout).toString("utf8");
      expectThat(text.trim() === word, `the program printed '${text}' instead of '${word}'`);
      expectThat(said.exitCode === exitCode, `the exit code is ${said.exitCode} instead of ${exitCode}`);
    },
    dependsOn,
  );
  await calls.make(
    "Exec",
    async () =>
      expectUrl((await cri.call("RuntimeService/Exec", { containerId, cmd, stdout: true }, options)).url),
    dependsOn,
  );
  await calls.make(
    "Attach",
    async () =>
      expectUrl((await cri.call("RuntimeService/Attach", { containerId, stdout: true }, options)).url),
    dependsOn,
  );
  await calls.make(
    "UpdateContainerResources",
    () =>
      cri.call("RuntimeService/UpdateContainerResources", { containerId, linux: { cpuShares: 4 } }, options),
    dependsOn,
  );
  const ofContainer = (found: { readonly attributes: { readonly id: string } | null } | null | undefined) =>
    expectThat(found?.attributes?.id === containerId, "it has no statistics of the container");
  await calls.make(
    "ContainerStats",
    async () =>
      ofContainer((await cri.call("RuntimeService/ContainerStats", { containerId }, options)).stats),
    dependsOn,
  );
  await calls.make(
    "ListContainerStats",
    async () => {
      const request = { filter: { id: containerId } };
      const { stats } = await cri.call("RuntimeService/ListContainerStats", request, options);
      ofContainer(stats.find(({ attributes }) => attributes?.id === containerId));
    },
    dependsOn,
  );
  await calls.make(
    "PodSandboxStats",
    () => cri.call("RuntimeService/PodSandboxStats", { podSandboxId }, options),
    dependsOn,
  );
  await calls.make(
    "ListPodSandboxStats",
    () => cri.call("RuntimeService/ListPodSandboxStats", { filter: { id: podSandboxId } }, options),
    dependsOn,
  );
}

async function end({ cri, signal }: ContainerPlace, containerId: string, calls: Calls): Promise<void> {
  const options = { signal };
  const stop = () => cri.call("RuntimeService/StopContainer", { containerId, timeout: stopSeconds }, options);
  const remove = () => cri.call("RuntimeService/RemoveContainer", { containerId }, options);
  await calls.make(
    "StopContainer",
    async () => {
      await stop();
      const { status } = await cri.call("RuntimeService/ContainerStatus", { containerId }, options);
      expectThat(status?.state === "CONTAINER_EXITED", `the container is ${status?.state ?? "not there"}`);
      expectThat(
        status.exitCode === 0,
        `SIGTERM did not reach the program: its exit code is ${status.exitCode}`,
      );
    },
    { after: ["StartContainer"] },
  );
  await calls.make("StopContainer (again)", stop, { after: ["StopContainer"] });
  await calls.make(
    "RemoveContainer",
    async () => {
      await remove();
      const filter = { labelSelector: checkLabels };
      const { containers } = await cri.call("RuntimeService/ListContainers", { filter }, options);
      expectThat(!containers.some(({ id }) => id === containerId), "the container is still listed");
    },
    { after: ["CreateContainer"] },
  );
  await calls.make("RemoveContainer (again)", remove, { after: ["RemoveContainer"] });
}
