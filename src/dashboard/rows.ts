/** What the page shows of one thing, and the server tells it. Times are milliseconds since the epoch. */

export type ClusterState =
  | "running"
  /** Its machines run, and the API has not answered yet. */
  | "starting"
  /** Its machines run, and the API does not answer any more. */
  | "unreachable"
  | "paused"
  | "suspended"
  | "stopped"
  | "deleting"
  | "broken"
  /** Its record cannot be read. */
  | "unreadable";

export interface ClusterRow {
  readonly state: ClusterState;
  readonly driver?: string;
  readonly runtime?: string;
  readonly kubernetesVersion?: string;
  readonly artifacts?: string;
  readonly problem?: string;
}

/** How a state is to be taken: as it should be, on the way, wrong, ended well. */
export type Tone = "good" | "busy" | "bad" | "done";

export interface NodeRow {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
  readonly role: string;
  readonly version: string;
  readonly runtime: string;
  readonly system: string;
  readonly address: string;
  readonly cpus: string;
  readonly memory: string;
  readonly since: number;
}

export interface PodRow {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** As kubectl shows it: `Running`, `CrashLoopBackOff`, `Terminating`. */
  readonly state: string;
  readonly tone: Tone;
  readonly why?: string;
  /** `1/2` */
  readonly ready: string;
  readonly restarts: number;
  readonly since: number;
  readonly containers: readonly string[];
}

export interface EventRow {
  readonly at: number;
  readonly warning: boolean;
  readonly reason: string;
  /** `Pod web/shop-1` */
  readonly about: string;
  readonly text: string;
  readonly count: number;
}

export interface AddonRow {
  readonly summary: string;
  readonly state: string;
  readonly problem?: string;
  readonly version?: string;
  readonly standIn?: string;
  readonly memoryMiB: number;
  readonly needs: readonly string[];
  /** A part of every cluster, without a switch. */
  readonly always: boolean;
}

/** An addon that is being switched from the page, or was. */
export interface WorkRow {
  readonly on: boolean;
  readonly state: "running" | "done" | "failed";
  readonly text: string;
}

export interface StartBar {
  readonly id: string;
  readonly title: string;
  /** From the beginning of the start. */
  readonly startMs: number;
  /** Absent while it runs. */
  readonly durationMs?: number;
  readonly outcome: "done" | "unchanged" | "failed" | "running" | "interrupted";
}

/** The last start. */
export interface StartRow {
  readonly at: number;
  /** Absent while it runs, and when it was killed. */
  readonly durationMs?: number;
  readonly outcome: "done" | "failed" | "interrupted" | "running";
  readonly bars: readonly StartBar[];
}

export interface Parts {
  readonly cluster: ClusterRow;
  readonly node: NodeRow;
  readonly pod: PodRow;
  readonly event: EventRow;
  readonly addon: AddonRow;
  readonly work: WorkRow;
  readonly start: StartRow;
}

export type Part = keyof Parts;

/** A row that is new or other than before; null: it is gone. */
export interface Change<P extends Part = Part> {
  readonly cluster: string;
  readonly part: P;
  /** Unique in its part of the cluster. */
  readonly id: string;
  readonly row: Parts[P] | null;
}

/** The first message of the stream; everything that was known before is void. */
export interface Hello {
  /** Whether addons may be switched. */
  readonly write: boolean;
  readonly changes: readonly Change[];
}

/** What is sent to `addons`. */
export interface SwitchRequest {
  readonly cluster: string;
  readonly addon: string;
  readonly on: boolean;
}
