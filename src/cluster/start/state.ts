import type { ArtifactPlan } from "../../artifacts/artifact-set.ts";
import type { ArtifactSet } from "../../contract/artifact.ts";
import type { Driver, DriverDefinition, MachineRef } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { PushOptions, Transport } from "../../contract/transport.ts";
import type { ImageSource } from "../../machine/image/machine-image.ts";
import type { GuestFacts } from "../../provision/guest/guest-facts.ts";
import type { ApiClient } from "../../provision/kube/api-client.ts";
import type { PodNetwork } from "../../provision/network/pod-network.ts";
import type { NodeFiles } from "../../provision/node/node-files.ts";
import type { CertificateSet } from "../../provision/pki/ensure-certificates.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import type { clusterPaths } from "../../state/paths.ts";
import { saveCluster } from "../../state/store.ts";

/** What is known of any cluster on record; enough to take it away. */
export interface ClusterBase {
  readonly host: HostContext;
  readonly paths: ReturnType<typeof clusterPaths>;
  readonly driver: Driver;
  readonly record: ClusterRecord;
}

/** What is settled before a start and what its steps find out; each later field is set by the step named beside it. */
export interface StartState extends ClusterBase {
  readonly definition: DriverDefinition;
  readonly runtime: RuntimeDefinition;
  readonly plan: ArtifactPlan;
  readonly image: ImageSource;
  /** Debian packages of the host that are missing; installed by `host-packages`. */
  readonly missingPackages: readonly string[];
  /** Tells the user something a step found though nothing failed. */
  readonly notice: (text: string, level: "info" | "warning") => void;
  /** Same as on disk: change it through `updateRecord` only. */
  record: ClusterRecord;
  /** artifacts */
  artifacts?: ArtifactSet;
  /** machine-create */
  machine?: MachineRef;
  /** certificates */
  certificates?: CertificateSet;
  /** connect */
  transport?: Transport;
  facts?: GuestFacts;
  /** artifact-volume; `release` undoes it. */
  volume?: NonNullable<PushOptions["volume"]> & { release(): Promise<void> };
  /** control-plane */
  network?: PodNetwork;
  files?: NodeFiles;
  /** api-ready */
  api?: ApiClient;
}

export async function updateRecord(state: StartState, change: Partial<ClusterRecord>): Promise<void> {
  const record = { ...state.record, ...change };
  await saveCluster(state.host, record);
  state.record = record;
}

/** A field that an earlier step must have set; its absence is a mistake in the steps' `needs`. */
export function set<K extends keyof StartState>(state: StartState, field: K): NonNullable<StartState[K]> {
  const value = state[field];
  if (value === undefined || value === null) throw new Error(`step order: ${String(field)} is not set yet`);
  return value;
}
