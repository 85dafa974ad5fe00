import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Runtime, RuntimeDefinition, ServerSettings } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { connectCri, type Cri, socketPath } from "../cri/client.ts";
import { type CriApi, criApis, kubeletApis } from "../cri/messages.ts";
import { foundServer } from "./index.ts";

/** What a CRI server is that the machine had already. */
export interface ForeignServer {
  readonly api: CriApi;
  /** What it calls itself. */
  readonly name: string;
  readonly version: string;
  /** That of its containers; the kubelet must have the same. */
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** Pods get a network without a configuration of ours. */
  readonly hasNetwork: boolean;
  readonly settings: ServerSettings;
}

type Place = Pick<Transport, "exec" | "connectSocket">;

export interface Asking {
  /** Of the cluster's Kubernetes, `36` and `v1.36.5`. */
  readonly minor: number;
  readonly kubernetesVersion: string;
  /** All runtimes, for what is known of servers of their kind. */
  readonly known: readonly Pick<RuntimeDefinition, "found">[];
  /** Path of the CNI configuration that localkube writes, without its ending. */
  readonly cniConfig: string;
  /** Whether the cluster has never run with this server: then nothing that it has can be the cluster's. */
  readonly isFirst: boolean;
  readonly signal: AbortSignal;
}

/**
 * Asks a foreign CRI server everything that decides whether and how a kubelet can use it. Reads only. Rejects with CRI_SOCKET_SILENT, CRI_NOT_SPOKEN,
 * CRI_SERVES_HALF, CRI_API_NOT_FOR_KUBELET, CRI_RUNTIME_NOT_READY, CRI_SOCKET_IN_USE, or as `connectCri` does.
 */
export async function askServer(
  transport: Place,
  runtime: Pick<Runtime, "endpoint" | "imageEndpoint">,
  asking: Asking,
): Promise<ForeignServer> {
  const { signal } = asking;
  const cri = await connected(transport, runtime, asking);
  try {
    refuseOtherApi(cri, runtime, asking);
    await refuseHalf(cri, runtime, transport, signal);
    const { status, info } = await cri.call("RuntimeService/Status", { verbose: true }, { signal });
    const condition = (type: string) => status?.conditions.find((one) => one.type === type);
    const ready = condition("RuntimeReady");
    if (!ready?.status) {
      const problem = [ready?.reason, ready?.message].filter(Boolean).join(": ") || "it gives no reason";
      throw new LocalkubeError("CRI_RUNTIME_NOT_READY", { path: socketPath(runtime.endpoint), problem });
    }
    const inMachine = await look(transport, asking);
    await refuseOthersPods(cri, runtime, inMachine.pods, asking);
    const settings = await settingsOf(cri, info, transport, asking);
    return {
      api: cri.api,
      name: cri.runtime.name,
      version: cri.runtime.version,
      cgroupDriver: (await toldDriver(cri, signal)) ?? settings.cgroupDriver ?? "systemd",
      hasNetwork: condition("NetworkReady")?.status === true && !inMachine.hasOurNetwork,
      settings,
    };
  } finally {
    await cri.close();
  }
}

/** Of the node's kubelet, for a server that was asked before. Rejects as `Cri.call` does. */
export async function cgroupDriverOf(
  cri: Cri,
  transport: Pick<Transport, "exec">,
  asking: Pick<Asking, "known" | "signal">,
): Promise<"systemd" | "cgroupfs"> {
  const { signal } = asking;
  const told = await toldDriver(cri, signal);
  if (told) return told;
  const { info } = await cri.call("RuntimeService/Status", { verbose: true }, { signal });
  return (await settingsOf(cri, info, transport, asking)).cgroupDriver ?? "systemd";
}

async function connected(
  transport: Place,
  { endpoint, imageEndpoint }: Pick<Runtime, "endpoint" | "imageEndpoint">,
  { minor, signal }: Asking,
): Promise<Cri> {
  const apis = [...new Set([...kubeletApis(minor), ...criApis])];
  try {
    return await connectCri(transport, endpoint, { apis, imageEndpoint, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LocalkubeError)) throw error;
    if (error.id === "SSH_SOCKET_FAILED") throw await silent(error, transport, "cri-socket", signal);
    throw error;
  }
}

// $1 the socket.
const whyScript = `
if [ ! -e "$1" ]; then echo "there is no such file"
elif [ ! -S "$1" ]; then echo "the file is not a socket"
fi`;

async function silent(
  { params }: LocalkubeError,
  transport: Pick<Transport, "exec">,
  flag: "cri-socket" | "image-socket",
  signal: AbortSignal,
): Promise<LocalkubeError> {
  const path = String(params["path"]);
  const argv = ["sh", "-c", whyScript, "sh", path] as const;
  const { stdout } = await transport.exec(argv, { signal, allowFailure: true });
  const problem = stdout.trim() || String(params["problem"]);
  return new LocalkubeError("CRI_SOCKET_SILENT", { path, problem, flag });
}

function refuseOtherApi(
  { api, runtime: { name, version } }: Cri,
  { endpoint }: Pick<Runtime, "endpoint">,
  { minor, kubernetesVersion }: Asking,
): void {
  const wanted = kubeletApis(minor);
  if (wanted.includes(api)) return;
  const isOld = api === "v1alpha2";
  throw new LocalkubeError("CRI_API_NOT_FOR_KUBELET", {
    path: socketPath(endpoint),
    runtime: `${name} ${version}`,
    api,
    version: kubernetesVersion,
    wanted: wanted.join(" and "),
    fitting: isOld ? "1.25" : "1.26",
  });
}

async function refuseHalf(
  cri: Cri,
  { endpoint, imageEndpoint }: Pick<Runtime, "endpoint" | "imageEndpoint">,
  transport: Place,
  signal: AbortSignal,
): Promise<void> {
  try {
    await cri.call("ImageService/ListImages", {}, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LocalkubeError)) throw error;
    if (error.id === "SSH_SOCKET_FAILED") throw await silent(error, transport, "image-socket", signal);
    const isElsewhere = error.id === "CRI_UNIMPLEMENTED" || imageEndpoint !== undefined;
    if (!isElsewhere) throw error;
    throw new LocalkubeError(
      "CRI_SERVES_HALF",
      {
        path: socketPath(imageEndpoint ?? endpoint),
        served: imageEndpoint === undefined ? "pods" : "something else",
        missing: "images",
        fix: "Name the socket where images are served: --image-socket unix:///run/other.sock",
      },
      { cause: error },
    );
  }
}

/** By CRI itself; undefined where the server does not know that call. */
async function toldDriver(cri: Cri, signal: AbortSignal): Promise<"systemd" | "cgroupfs" | undefined> {
  try {
    const { linux } = await cri.call("RuntimeService/RuntimeConfig", {}, { signal });
    return linux ? (linux.cgroupDriver === "CGROUPFS" ? "cgroupfs" : "systemd") : undefined;
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "CRI_UNIMPLEMENTED") return undefined;
    throw error;
  }
}

async function settingsOf(
  { runtime }: Cri,
  info: Readonly<Record<string, string>>,
  transport: Pick<Transport, "exec">,
  { known, signal }: Pick<Asking, "known" | "signal">,
): Promise<ServerSettings> {
  const found = foundServer(runtime.name, known);
  if (!found) return {};
  const options = { signal, timeoutMs: 60_000, allowFailure: true };
  const printed = found.ask ? (await transport.exec(found.ask, options)).stdout : "";
  return found.settings({ info, printed });
}

// $1 CNI configuration of ours. The kubelet's folders of pods outlive their sandboxes.
const lookScript = `
ls -1 /var/lib/kubelet/pods 2>/dev/null | sed 's/^/pod /'
ls -1 /var/log/pods 2>/dev/null | sed 's/.*_/pod /'
for file in "$1".*; do [ -e "$file" ] && echo "network $file"; done
true
`;

async function look(
  transport: Pick<Transport, "exec">,
  { cniConfig, signal }: Pick<Asking, "cniConfig" | "signal">,
): Promise<{ readonly pods: ReadonlySet<string>; readonly hasOurNetwork: boolean }> {
  const argv = ["sh", "-c", lookScript, "sh", cniConfig] as const;
  const lines = (await transport.exec(argv, { signal, timeoutMs: 60_000 })).stdout.split("\n");
  const pods = lines.flatMap((line) => (line.startsWith("pod ") ? [line.slice(4).trim()] : []));
  return { pods: new Set(pods), hasOurNetwork: lines.some((line) => line.startsWith("network ")) };
}

const shownPods = 3;

/** The uids of pods that the kubelet of this node has, or had until a moment ago. */
export const podsOfNode = async (
  transport: Pick<Transport, "exec">,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> => (await look(transport, { cniConfig: "", signal })).pods;

/** A kubelet ends within seconds what runs in sandboxes of pods that it does not know, and removes ended ones with the next clean-up. */
async function refuseOthersPods(
  cri: Cri,
  { endpoint }: Pick<Runtime, "endpoint">,
  own: ReadonlySet<string>,
  { isFirst, signal }: Asking,
): Promise<void> {
  const { items } = await cri.call("RuntimeService/ListPodSandbox", {}, { signal });
  const others = items.filter(
    ({ state, labels }) =>
      (isFirst || state === "SANDBOX_READY") && !own.has(labels["io.kubernetes.pod.uid"] ?? ""),
  );
  if (others.length === 0) return;
  const names = others.slice(0, shownPods).map(({ id, labels }) => {
    const name = labels["io.kubernetes.pod.name"];
    return name === undefined ? id : `${labels["io.kubernetes.pod.namespace"] ?? ""}/${name}`;
  });
  const more = others.length > shownPods ? ` and ${others.length - shownPods} more` : "";
  throw new LocalkubeError("CRI_SOCKET_IN_USE", {
    path: socketPath(endpoint),
    pods: `${names.join(", ")}${more}`,
  });
}
