import { kubeletApis } from "../messages.ts";
import type { SandboxConfig } from "../pod-messages.ts";
import {
  type CheckedCall,
  type CheckPlace,
  type Calls,
  callsOfCheck,
  expectThat,
  expectUrl,
} from "./calls.ts";
import { checkContainer } from "./container.ts";
import { checkLabels, checkLogs, checkPod } from "./remains.ts";

/**
 * Makes each call of CRI that is safe on a living node, in a sandbox of its own; a call that fails does not end the check. Whoever calls it removes
 * what stays after a failure (`removeRemains`). Rejects when the connection is lost, or with the signal's reason.
 */
export async function checkCri(place: CheckPlace): Promise<readonly CheckedCall[]> {
  const { transport, minor, signal } = place;
  const calls = callsOfCheck(minor, signal, place.report);
  await checkServer(place, calls);
  const imageId = await pull(place, calls);
  const sandbox = sandboxConfig(place);
  await transport.exec(["mkdir", "-p", sandbox.logDirectory], { signal });
  const podSandboxId = (await runSandbox(place, sandbox, calls)) ?? "";
  await checkContainer({ ...place, podSandboxId, sandbox }, calls);
  await endSandbox(place, podSandboxId, calls);
  await removeImage(place, imageId, calls);
  return calls.rows;
}

async function checkServer({ cri, minor, signal }: CheckPlace, calls: Calls): Promise<void> {
  const options = { signal };
  await calls.make("Version", async () => {
    await cri.call("RuntimeService/Version", { version: "0.1.0" }, options);
    const wanted = kubeletApis(minor);
    expectThat(
      wanted.includes(cri.api),
      `it speaks ${cri.api}, and the kubelet of Kubernetes 1.${minor} only ${wanted.join(" and ")}`,
    );
  });
  await calls.make("Status", async () => {
    const { status } = await cri.call("RuntimeService/Status", { verbose: false }, options);
    for (const wanted of ["RuntimeReady", "NetworkReady"]) {
      const found = status?.conditions.find(({ type }) => type === wanted);
      const told = [found?.reason, found?.message].filter(Boolean).join(": ");
      expectThat(found?.status === true, `${wanted} is not true${told ? `: ${told}` : ""}`);
    }
  });
  await calls.make("RuntimeConfig", async () => {
    const { linux } = await cri.call("RuntimeService/RuntimeConfig", {}, options);
    expectThat(linux !== null, "it names no cgroup driver");
  });
  await calls.make("ImageFsInfo", async () => {
    const { imageFilesystems } = await cri.call("ImageService/ImageFsInfo", {}, options);
    expectThat(imageFilesystems.length > 0, "it names no file system");
  });
}

/** Returns the id of the image, as the server writes it. */
async function pull({ cri, signal, image: { ref, problem } }: CheckPlace, calls: Calls): Promise<string> {
  const options = { signal };
  const statusOf = async (image: string) =>
    (await cri.call("ImageService/ImageStatus", { image: { image } }, options)).image;
  await calls.make("ImageStatus (absent)", async () => {
    const found = await statusOf(`${ref}-absent`);
    expectThat(found === null, "it tells of an image that is not there");
  });
  if (problem !== undefined) calls.leaveOut("PullImage", problem);
  else
    await calls.make("PullImage", async () => {
      const { imageRef } = await cri.call("ImageService/PullImage", { image: { image: ref } }, options);
      expectThat(imageRef !== "", "it gives no reference of the image");
    });
  const after = ["PullImage"];
  const id = await calls.make(
    "ImageStatus",
    async () => {
      const found = await statusOf(ref);
      expectThat(found?.repoTags.includes(ref) === true, `the image ${ref} is not found by its name`);
      return found.id;
    },
    { after },
  );
  await calls.make(
    "ListImages",
    async () => {
      const { images } = await cri.call("ImageService/ListImages", {}, options);
      expectThat(
        images.some(({ repoTags }) => repoTags.includes(ref)),
        `the image ${ref} is not listed`,
      );
    },
    { after },
  );
  return id ?? "";
}

/** By its id, as the kubelet does it; by a name, some runtimes remove nothing, and some only that name. */
async function removeImage(
  { cri, signal, image: { ref } }: CheckPlace,
  id: string,
  calls: Calls,
): Promise<void> {
  const options = { signal };
  const remove = () => cri.call("ImageService/RemoveImage", { image: { image: id } }, options);
  await calls.make(
    "RemoveImage",
    async () => {
      await remove();
      const { image: left } = await cri.call("ImageService/ImageStatus", { image: { image: ref } }, options);
      expectThat(left === null, `the image ${ref} is still there`);
    },
    { after: ["ImageStatus"] },
  );
  await calls.make("RemoveImage (again)", remove, { after: ["RemoveImage"] });
}

const namespaceOptions = { network: "POD", pid: "CONTAINER", ipc: "POD" } as const;

function sandboxConfig({ podUid, cgroupDriver }: CheckPlace): SandboxConfig {
  return {
    metadata: { ...checkPod, uid: podUid, attempt: 0 },
    hostname: checkPod.name,
    logDirectory: checkLogs(podUid),
    // Not the kubelet's labels: with them it would take the sandbox for the one that it should start for the pod.
    labels: checkLabels,
    annotations: {},
    linux: {
      cgroupParent: cgroupParent(podUid, cgroupDriver),
      securityContext: { namespaceOptions },
    },
  };
}

/**
 * The pod's own cgroup, as the kubelet names it for pods without requests: so `stop` and `pause`, which work by cgroups, take the sandbox with the
 * pods, and the kubelet removes the cgroup with the pod.
 */
function cgroupParent(uid: string, driver: CheckPlace["cgroupDriver"]): string {
  return driver === "systemd"
    ? `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid.replaceAll("-", "_")}.slice`
    : `/kubepods/besteffort/pod${uid}`;
}

async function runSandbox(
  { cri, signal }: CheckPlace,
  config: SandboxConfig,
  calls: Calls,
): Promise<string | undefined> {
  const options = { signal };
  const podSandboxId = await calls.make("RunPodSandbox", async () => {
    const { podSandboxId: id } = await cri.call("RuntimeService/RunPodSandbox", { config }, options);
    expectThat(id !== "", "it gives no id");
    return id;
  });
  const after = ["RunPodSandbox"];
  const id = podSandboxId ?? "";
  await calls.make(
    "PodSandboxStatus",
    async () => {
      const { status } = await cri.call("RuntimeService/PodSandboxStatus", { podSandboxId: id }, options);
      expectThat(status?.state === "SANDBOX_READY", `the sandbox is ${status?.state ?? "not there"}`);
      expectThat(Boolean(status.network?.ip), "the sandbox has no address");
    },
    { after },
  );
  await calls.make(
    "ListPodSandbox",
    async () => {
      const filter = { labelSelector: checkLabels };
      const { items } = await cri.call("RuntimeService/ListPodSandbox", { filter }, options);
      expectThat(
        items.some((item) => item.id === id),
        "the sandbox is not listed by its label",
      );
    },
    { after },
  );
  await calls.make(
    "PortForward",
    async () => {
      const request = { podSandboxId: id, port: [80] };
      expectUrl((await cri.call("RuntimeService/PortForward", request, options)).url);
    },
    { after },
  );
  return podSandboxId;
}

async function endSandbox({ cri, signal }: CheckPlace, podSandboxId: string, calls: Calls): Promise<void> {
  const options = { signal };
  const stop = () => cri.call("RuntimeService/StopPodSandbox", { podSandboxId }, options);
  const remove = () => cri.call("RuntimeService/RemovePodSandbox", { podSandboxId }, options);
  await calls.make("StopPodSandbox", stop, { after: ["RunPodSandbox"] });
  await calls.make("StopPodSandbox (again)", stop, { after: ["StopPodSandbox"] });
  await calls.make(
    "RemovePodSandbox",
    async () => {
      await remove();
      const filter = { labelSelector: checkLabels };
      const { items } = await cri.call("RuntimeService/ListPodSandbox", { filter }, options);
      expectThat(!items.some((item) => item.id === podSandboxId), "the sandbox is still listed");
    },
    { after: ["StopPodSandbox"] },
  );
  await calls.make("RemovePodSandbox (again)", remove, { after: ["RemovePodSandbox"] });
}
