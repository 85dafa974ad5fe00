import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Transport } from "../../../contract/transport.ts";
import type { Cri } from "../client.ts";

/** The image of the check's container. */
export interface CheckImage {
  /** Full name with a tag, in a registry that the node reaches. */
  readonly ref: string;
  /**
   * In it: without arguments it prints `prints`, waits for SIGTERM and ends with exit code 0; with one it prints that and ends with `exitCode`.
   */
  readonly program: { readonly path: string; readonly prints: string; readonly exitCode: number };
  /** Why it cannot be pulled here; then no container is made either. */
  readonly problem?: string;
}

export interface CheckPlace {
  readonly cri: Cri;
  /** To the node, for the container's log. */
  readonly transport: Pick<Transport, "exec">;
  /** Of the cluster's Kubernetes, `36`. */
  readonly minor: number;
  /** What the kubelet was told. */
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** Of the pod in the API that the sandbox belongs to: the kubelet ends sandboxes of pods that it does not know. */
  readonly podUid: string;
  readonly image: CheckImage;
  readonly signal: AbortSignal;
  /** Called with the name of each call before it is made. */
  readonly report?: (call: string) => void;
}

/** What came of one call. */
export interface CheckedCall {
  /** CRI's name of the call; with ` (again)` for the second one, which must change nothing. */
  readonly call: string;
  readonly result: "ok" | "unimplemented" | "failed" | "not tried";
  /** gRPC's name of the status, `INTERNAL`; only of a call that the server refused. */
  readonly status?: string;
  /** What is wrong, in the server's own words where there are any. */
  readonly problem?: string;
  /** The call without which this one was not tried. */
  readonly without?: string;
  readonly milliseconds: number;
  /** Whether the kubelet of the cluster's minor cannot do without it. */
  readonly needed: boolean;
}

export interface CallOptions {
  /** Calls that must have succeeded; else this one is not tried. */
  readonly after?: readonly string[];
  /** Instead of what is known about the kubelet. */
  readonly needed?: boolean;
}

/** Makes the calls of a check, one after the other, and keeps what came of them. */
export interface Calls {
  readonly rows: CheckedCall[];
  /** The answer, or undefined when the call failed. Rejects only when the node or the signal ended the check. */
  make<T>(call: string, work: () => Promise<T>, options?: CallOptions): Promise<T | undefined>;
  /** Notes a call that cannot be made here. */
  leaveOut(call: string, problem: string): void;
}

/**
 * Calls that the kubelet lives without: those that it makes from a minor on, and those that it never makes, or whose failure it only logs. From
 * kubelet's source: `RuntimeConfig` has a fallback while runtimes without it are supported; `UpdateContainerResources` comes with resizing in place,
 * on by default from 1.33 (before, only the static CPU manager made it); statistics come from `ListContainerStats`, and from the sandbox calls only with
 * the feature gate PodAndContainerStatsFromCRI, which is off by default.
 */
const dispensable: Readonly<Record<string, { readonly neededFrom?: number }>> = {
  RuntimeConfig: { neededFrom: 38 },
  UpdateContainerResources: { neededFrom: 33 },
  ContainerStats: {},
  PodSandboxStats: {},
  ListPodSandboxStats: {},
  "RemoveContainer (again)": {},
  "RemovePodSandbox (again)": {},
  "RemoveImage (again)": {},
};

/** Whether the kubelet of Kubernetes 1.`minor` needs a call. Pure. */
export function isNeeded(call: string, minor: number): boolean {
  const found = dispensable[call];
  return !found || minor >= (found.neededFrom ?? Infinity);
}

/** An answer that is not what CRI promises. */
class WrongAnswer extends Error {}

/** Throws what `Calls.make` notes as a failure of the call. */
export function expectThat(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new WrongAnswer(problem);
}

/** The address where the kubelet goes on with a stream; dockershim, which is in the kubelet, gives a path only. */
export function expectUrl(url: string): void {
  expectThat(url !== "" && URL.canParse(url, "http://127.0.0.1"), `'${url}' is no URL`);
}

export function callsOfCheck(
  minor: number,
  signal: AbortSignal,
  report: (call: string) => void = () => undefined,
): Calls {
  const rows: CheckedCall[] = [];
  const missing = (after: readonly string[]): string | undefined =>
    after.find((call) => rows.find((row) => row.call === call)?.result !== "ok");
  return {
    rows,
    leaveOut: (call, problem) =>
      void rows.push({
        call,
        result: "not tried",
        problem,
        milliseconds: 0,
        needed: isNeeded(call, minor),
      }),
    async make(call, work, { after = [], needed = isNeeded(call, minor) } = {}) {
      signal.throwIfAborted();
      const without = missing(after);
      if (without !== undefined) {
        const problem = `${without} did not succeed`;
        rows.push({ call, result: "not tried", problem, without, milliseconds: 0, needed });
        return undefined;
      }
      report(call);
      const startedAt = performance.now();
      const note = (outcome: Pick<CheckedCall, "result" | "status" | "problem">): void =>
        void rows.push({
          call,
          ...outcome,
          milliseconds: Math.round(performance.now() - startedAt),
          needed,
        });
      try {
        const answer = await work();
        note({ result: "ok" });
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        note(outcomeOf(error));
        return undefined;
      }
    },
  };
}

/** Rethrows what says nothing about the call: a lost connection, a mistake of ours. */
function outcomeOf(error: unknown): Pick<CheckedCall, "result" | "status" | "problem"> {
  if (error instanceof WrongAnswer) return { result: "failed", problem: error.message };
  if (error instanceof LocalkubeError && error.id === "CRI_UNIMPLEMENTED")
    return { result: "unimplemented", status: "UNIMPLEMENTED" };
  if (error instanceof LocalkubeError && error.id === "CRI_CALL_FAILED")
    return {
      result: "failed",
      status: String(error.params["status"]),
      problem: String(error.params["problem"]),
    };
  throw error;
}
