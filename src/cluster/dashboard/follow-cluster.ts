import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterRow, ClusterState } from "../../dashboard/rows.ts";
import type { MachineState } from "../../contract/driver.ts";
import { messageOf } from "../../contract/errors/localkube-error.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { holderState, readHolder } from "../../state/lock-holder.ts";
import { clusterPaths } from "../../state/paths.ts";
import { openCluster } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { withLiveCluster } from "../addons/live-cluster.ts";
import { machineStates } from "../look/machine-states.ts";
import type { Board } from "./board.ts";
import { apiParts, followApi } from "./follow-api.ts";
import { lastStart } from "./last-start.ts";
import { RefreshedAddons } from "./refreshed-addons.ts";

/** How often a machine that does not run is asked for its state: another program may start it. */
const lookEveryMs = 4000;
const againMs = 700;

/** Keeps one cluster on the board; `look` is called once a second or so. */
export class FollowedCluster {
  readonly #context: UseCaseContext;
  readonly #board: Board;
  readonly #name: string;
  readonly #addons: RefreshedAddons;
  #following: { readonly key: string; readonly stop: AbortController } | undefined;
  #api: ApiClient | undefined;
  #connection: "never" | "there" | "lost" = "never";
  #problem: string | undefined;
  #seen = "";
  #journal = "";
  #lookedAt = -Infinity;
  #looking = false;

  constructor(name: string, board: Board, context: UseCaseContext) {
    this.#name = name;
    this.#board = board;
    this.#context = context;
    this.#addons = new RefreshedAddons(name, board, context);
  }

  /** The client of its API while that answers; who uses it must expect that it is closed. */
  get api(): ApiClient | undefined {
    return this.#connection === "there" ? this.#api : undefined;
  }

  /** Asks what has to be asked: the record says what is meant, the connection that it runs, and only else the hypervisor. Never rejects. */
  async look(record: ClusterRecord): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#readJournal();
      const text = JSON.stringify(record);
      const isOther = text !== this.#seen;
      this.#seen = text;
      if (isOther) this.#addons.refresh();
      const isDue = this.#connection === "lost" || performance.now() - this.#lookedAt > lookEveryMs;
      if (!isOther && (this.#connection === "there" || !isDue)) return;
      this.#lookedAt = performance.now();
      const [states = []] = await machineStates([record], this.#context);
      this.#settle(record, states);
    } catch (error) {
      if (!this.#context.signal.aborted) this.#context.log(`${this.#name}: ${messageOf(error)}`);
    } finally {
      this.#looking = false;
    }
  }

  /** Takes everything of it off the board. */
  stop(): void {
    this.#unfollow();
    this.#addons.stop();
    this.#board.clear(this.#name);
  }

  #settle(record: ClusterRecord, states: readonly MachineState[]): void {
    const state = stateOf(record, states);
    if (state !== undefined) {
      this.#unfollow();
      this.#show(record, state);
      return;
    }
    // What a connection is made of; another cluster of the same name has other certificates.
    const key = JSON.stringify([record.createdAt, record.nodes]);
    if (this.#following?.key !== key) {
      this.#unfollow();
      const stop = new AbortController();
      this.#following = { key, stop };
      void this.#follow(record, AbortSignal.any([stop.signal, this.#context.signal]));
    }
    this.#show(record, connectionStates[this.#connection]);
  }

  async #follow(record: ClusterRecord, signal: AbortSignal): Promise<void> {
    const context = { ...this.#context, signal };
    const onLost = (problem: unknown): void => {
      if (signal.aborted) return;
      this.#problem = messageOf(problem);
      if (this.#connection === "never") return;
      this.#connection = "lost";
      this.#show(record, "unreachable");
    };
    const onFound = (): void => {
      if (signal.aborted || this.#connection === "there") return;
      this.#connection = "there";
      this.#problem = undefined;
      this.#addons.refresh();
      this.#show(record, "running");
    };
    const listener = { onFound, onLost, onAddons: () => this.#addons.refresh() };
    while (!signal.aborted) {
      try {
        await withLiveCluster(await openCluster(this.#name, context), context, async ({ api }) => {
          this.#api = api;
          await followApi(this.#name, api, this.#board, listener, signal);
        });
      } catch (error) {
        // A start has not got so far, or the machine is gone: the next look knows more.
        onLost(error);
      }
      await sleep(againMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #unfollow(): void {
    this.#following?.stop.abort();
    this.#following = undefined;
    this.#api = undefined;
    if (this.#connection !== "never") this.#addons.refresh();
    this.#connection = "never";
    this.#problem = undefined;
    this.#board.clear(this.#name, apiParts);
  }

  #show({ driver, runtime, kubernetesVersion, artifactsSource }: ClusterRecord, state: ClusterState): void {
    const problem = state === "running" ? undefined : this.#problem;
    const row: ClusterRow = {
      ...{ state, driver, runtime, kubernetesVersion, artifacts: artifactsSource },
      ...(problem === undefined ? {} : { problem }),
    };
    this.#board.set(this.#name, "cluster", this.#name, row);
  }

  async #readJournal(): Promise<void> {
    const { journal, lockHolder } = clusterPaths(this.#context.host, this.#name);
    const found = await stat(journal).catch(() => undefined);
    const holder = found && (await readHolder(lockHolder));
    const isBusy = holder !== undefined && (await holderState(holder)) !== "dead";
    const seen = found ? `${found.mtimeMs} ${found.size} ${isBusy}` : "";
    if (seen === this.#journal) return;
    this.#journal = seen;
    const row = found && lastStart(await readFile(journal, "utf8"), isBusy);
    if (row) this.#board.set(this.#name, "start", "last", row);
    else this.#board.remove(this.#name, "start", "last");
  }
}

const connectionStates = { never: "starting", there: "running", lost: "unreachable" } as const;

/** Undefined where the API should be asked. */
function stateOf({ phase }: ClusterRecord, states: readonly MachineState[]): ClusterState | undefined {
  if (phase === "deleting") return "deleting";
  const other = states.find((state) => state !== "running");
  if (other === undefined) return phase === "paused" ? "paused" : undefined;
  if (other === "saved") return "suspended";
  if (other === "broken" || other === "unknown") return "broken";
  return phase === "creating" ? "starting" : "stopped";
}
