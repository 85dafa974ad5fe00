import { readFile } from "node:fs/promises";
import type { Driver, DriverDefinition, MachineRef, MachineState } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { SshEndpoint, Transport } from "../../contract/transport.ts";
import { loadDriver } from "../../machine/driver-registry.ts";
import { ApiClient } from "../../provision/kube/api-client.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { clusterPaths } from "../../state/paths.ts";
import { loadCluster } from "../../state/store.ts";
import { apiServerUrl } from "./api-server-url.ts";
import { endpointOf } from "./endpoint.ts";
import { machineName } from "./machine-name.ts";
import { quietly, type UseCaseContext } from "./use-case.ts";

/** A recorded cluster with its driver. */
export interface OpenCluster {
  readonly host: HostContext;
  readonly record: ClusterRecord;
  readonly paths: ReturnType<typeof clusterPaths>;
  readonly definition: DriverDefinition;
  readonly driver: Driver;
}

const connectTimeoutMs = 15_000;

/** Rejects with CLUSTER_UNKNOWN when the profile has no cluster. */
export async function openCluster(name: string, { host }: UseCaseContext): Promise<OpenCluster> {
  const record = await loadCluster(host, name);
  if (!record) throw new LocalkubeError("CLUSTER_UNKNOWN", { name });
  const definition = await loadDriver(record.driver);
  return { host, record, paths: clusterPaths(host, name), definition, driver: definition.open(host) };
}

/** The running machine. Rejects with CLUSTER_NOT_RUNNING naming its state, or CLUSTER_BEING_DELETED after an interrupted delete. */
export async function runningMachine(cluster: OpenCluster, context: UseCaseContext): Promise<MachineRef> {
  const { record, driver } = cluster;
  const state: MachineState = record.machine
    ? await driver.state(record.machine, quietly(context))
    : "absent";
  if (record.machine && state === "running") return record.machine;
  if (record.phase === "deleting")
    throw new LocalkubeError("CLUSTER_BEING_DELETED", { name: record.spec.name });
  throw new LocalkubeError("CLUSTER_NOT_RUNNING", {
    name: record.spec.name,
    machine: machineName(record.spec.name),
    state,
  });
}

export const endpointOfCluster = ({ paths, host }: OpenCluster, machine: MachineRef): Promise<SshEndpoint> =>
  endpointOf(machine, paths, host);

/** Runs `work` with a connection to the running machine, then closes it. */
export async function withTransport<T>(
  cluster: OpenCluster,
  context: UseCaseContext,
  work: (transport: Transport, machine: MachineRef) => Promise<T>,
): Promise<T> {
  const machine = await runningMachine(cluster, context);
  const { connect } = await import("../../machine/ssh/transport.ts");
  const { signal, log } = context;
  const transport = await connect(await endpointOfCluster(cluster, machine), {
    signal,
    timeoutMs: connectTimeoutMs,
    log,
  });
  try {
    return await work(transport, machine);
  } finally {
    await transport.close();
  }
}

/** Client with the administrator's certificate; the caller must close it. */
export async function apiClient({ paths }: OpenCluster, machine: MachineRef): Promise<ApiClient> {
  const read = (file: string): Promise<string> => readFile(`${paths.pki}/${file}`, "utf8");
  const [ca, certificate, key] = await Promise.all([read("ca.crt"), read("admin.crt"), read("admin.key")]);
  return new ApiClient({ server: apiServerUrl(machine), ca, certificate, key });
}
