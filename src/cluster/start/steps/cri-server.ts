import { catalogueEntry } from "../../../artifacts/catalogue/catalogue-entry.ts";
import { LocalkubeError, messageOf } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import type { Transport } from "../../../contract/transport.ts";
import { containsNetwork } from "../../../host/network.ts";
import { poll } from "../../../host/poll.ts";
import { loadDriver } from "../../../machine/driver-registry.ts";
import { connect } from "../../../machine/ssh/transport.ts";
import { endPods } from "../../../provision/guest/freeze.ts";
import { guestPaths } from "../../../provision/node/guest-paths.ts";
import { socketPath } from "../../../runtimes/cri/client.ts";
import { withCri } from "../../../runtimes/cri/images.ts";
import { askServer, type ForeignServer } from "../../../runtimes/foreign/ask.ts";
import { giveBackServer } from "../../../runtimes/foreign/give-back.ts";
import { foreignRuntime, isForeign } from "../../../runtimes/foreign/index.ts";
import { runtimes } from "../../../runtimes/registry.ts";
import { endpointOf } from "../../access/reach.ts";
import { type ClusterState, need, type NodeBase, type NodeState, recordedMachine } from "../state.ts";

/** Asks a CRI server that the machine had already, before anything else is done there; `delete` takes out of it what the cluster has in it. */
export const criServer: Step<NodeState, NodeBase> = {
  id: "cri-server",
  title: "Asking the CRI server",
  timeoutMs: 180_000,
  plan: ({ cluster: { runtime } }) => [
    `use the CRI server at ${socketPath(runtime.endpoint)} as it is in the machine`,
  ],
  undo: { title: "Clearing the CRI server", run: clearServer },
  async apply(s, c) {
    const transport = need(s, "transport");
    const server = await askBooted(s.cluster, transport, c);
    s.server = server;
    c.log(`CRI server: ${JSON.stringify(server)}`);
    noteNetwork(s, server);
    await noteSandboxImage(s, server, c);
    return "unchanged";
  },
};

const bootSeconds = 60;
const startMs = 15_000;

/** A machine that was just started may not have started its CRI server yet. */
async function askBooted(cluster: ClusterState, transport: Transport, c: RunContext): Promise<ForeignServer> {
  const asked = () =>
    askForeignServer(cluster, transport, c.signal).catch((error: unknown) => {
      if (error instanceof LocalkubeError && error.id === "CRI_SOCKET_SILENT") return error;
      throw error;
    });
  let answer = await asked();
  if (!(answer instanceof LocalkubeError)) return answer;
  c.report({ message: "waiting for the machine's own services" });
  const argv = ["timeout", String(bootSeconds), "systemctl", "is-system-running", "--wait"] as const;
  await transport.exec(argv, {
    signal: c.signal,
    timeoutMs: (bootSeconds + 10) * 1000,
    allowFailure: true,
  });
  const found = await poll(
    async () => {
      answer = await asked();
      return answer instanceof LocalkubeError ? undefined : answer;
    },
    { signal: c.signal, everyMs: 500, limitMs: startMs },
  );
  if (!found) throw answer;
  return found;
}

/**
 * What the foreign CRI server of the cluster is. Reads only; also for a host on which nothing has been changed yet. Rejects as `askServer` does, and with
 * CRI_NETWORK_DIFFERS.
 */
export async function askForeignServer(
  { record, runtime, isFirst }: Pick<ClusterState, "record" | "runtime"> & { readonly isFirst?: boolean },
  transport: Pick<Transport, "exec" | "connectSocket">,
  signal: AbortSignal,
): Promise<ForeignServer> {
  const { kubernetesVersion, phase, formerRuntimes, spec } = record;
  const server = await askServer(transport, runtime, {
    minor: catalogueEntry(kubernetesVersion).minor,
    kubernetesVersion,
    known: runtimes,
    cniConfig: guestPaths.cniConfig,
    isFirst: isFirst ?? (phase === "creating" || formerRuntimes !== undefined),
    signal,
  });
  const networks = server.settings.podNetworks ?? [];
  // Those of IPv6 are beside the cluster's own.
  const outside = networks.filter((one) => !one.includes(":") && !containsNetwork(spec.podCidr, one));
  if (server.hasNetwork && spec.cni === "bridge" && outside[0] !== undefined)
    throw new LocalkubeError("CRI_NETWORK_DIFFERS", {
      path: socketPath(runtime.endpoint),
      networks: outside.join(", "),
      network: outside[0],
      podCidr: spec.podCidr,
      name: spec.name,
    });
  return server;
}

/** kube-proxy and the firewall tell pods from others by the pod CIDR. */
function noteNetwork(
  { cluster: { record, notice } }: NodeState,
  { hasNetwork, settings }: ForeignServer,
): void {
  const { cni, podCidr } = record.spec;
  if (hasNetwork && cni === "bridge" && settings.podNetworks === undefined)
    notice(
      `pods get their addresses from the CRI server's own network, which it does not tell; they must be in the pod CIDR ${podCidr}`,
      "warning",
    );
}

/** Without it no pod starts, and a pull of it, which the server does by itself, needs its registry. */
async function noteSandboxImage(s: NodeState, { settings }: ForeignServer, c: RunContext): Promise<void> {
  const { sandboxImage } = settings;
  if (sandboxImage === undefined) return;
  const { runtime, notice } = s.cluster;
  const request = { image: { image: sandboxImage } };
  const { image } = await withCri(need(s, "transport"), runtime, { signal: c.signal }, (cri) =>
    cri.call("ImageService/ImageStatus", request, { signal: c.signal }),
  );
  if (image === null)
    notice(
      `the CRI server does not have its sandbox image ${sandboxImage} yet; pods start once it has pulled it`,
      "warning",
    );
}

const connectMs = 15_000;
/** For containers that handle SIGTERM. */
const graceMs = 5000;

/** A machine that localkube made is removed with everything in it; a host stays, and so does its CRI server. */
async function clearServer(node: NodeBase, c: RunContext): Promise<void> {
  const { record } = node.cluster;
  const names = [record.runtime, ...(record.formerRuntimes ?? [])].filter(isForeign);
  const machine = recordedMachine(node);
  if (names.length === 0 || !machine) return;
  const { capabilities } = await loadDriver(record.driver);
  if (capabilities.origin !== "existing") return;
  const endpoint = await endpointOf(machine, node.paths, c.host);
  const transport = await connect(endpoint, { signal: c.signal, timeoutMs: connectMs, log: c.log }).catch(
    (error: unknown) => {
      c.signal.throwIfAborted();
      // The removal of the machine, which comes after this, reports it.
      c.log(messageOf(error));
      return undefined;
    },
  );
  if (!transport) return;
  try {
    await endPods(transport, graceMs, c.signal);
    for (const name of names)
      for (const text of await clearedOf(name, transport, c)) c.notice?.(`on ${endpoint.host} ${text}`);
  } finally {
    await transport.close();
  }
}

/** Takes the cluster's sandboxes and images out of the server of that name. A server that does not answer keeps them: returns sentences about what stays. */
export async function clearedOf(
  name: string,
  transport: Transport,
  { signal }: Pick<RunContext, "signal">,
): Promise<readonly string[]> {
  const runtime = foreignRuntime(name).at(0)!;
  try {
    const remains = await withCri(transport, runtime, { signal }, (cri) =>
      giveBackServer(cri, transport, signal),
    );
    return remains.map((what) => `remains ${what}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LocalkubeError)) throw error;
    return [
      `remain the pods' sandboxes and images of the cluster in the CRI server at ${socketPath(runtime.endpoint)}: ${error.message}`,
    ];
  }
}
