import { setTimeout as sleep } from "node:timers/promises";
import type { AddonRow } from "../../dashboard/rows.ts";
import { messageOf } from "../../contract/errors/localkube-error.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { knownAddons } from "../addons/known-addons.ts";
import { listAddons, type ListedAddon } from "../addons/look.ts";
import type { Board } from "./board.ts";

/** Changes come in swarms, and a look asks for every object of every addon. */
const soonMs = 300;
const restMs = 3000;

/** Keeps the addons of a cluster on the board while somebody looks at it; whoever knows of a change says `refresh`. */
export class RefreshedAddons {
  readonly #name: string;
  readonly #board: Board;
  readonly #context: UseCaseContext;
  readonly #stopped = new AbortController();
  #isWanted = false;
  #isAtWork = false;

  constructor(name: string, board: Board, context: UseCaseContext) {
    this.#name = name;
    this.#board = board;
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#stopped.signal]) };
  }

  /** Soon, and not too often. */
  refresh(): void {
    this.#isWanted = true;
    if (!this.#isAtWork) void this.#work();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #work(): Promise<void> {
    const { signal } = this.#context;
    this.#isAtWork = true;
    try {
      await sleep(soonMs, undefined, { signal });
      while (this.#isWanted) {
        await this.#board.watched(signal);
        this.#isWanted = false;
        await this.#look();
        await sleep(restMs, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#isAtWork = false;
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#context;
    try {
      const { addons } = await listAddons(this.#name, this.#context);
      const always = (await knownAddons()).filter(({ addon }) => addon.always).map(({ addon }) => addon.name);
      if (signal.aborted) return;
      const rows = addons.map((one) => rowOf(one, always.includes(one.name)));
      this.#board.replace(this.#name, "addon", new Map(rows));
    } catch (error) {
      signal.throwIfAborted();
      // The cluster goes away just now, or its record is being changed; the next change comes back here.
      this.#context.log(`${this.#name}: the addons cannot be listed: ${messageOf(error)}`);
    }
  }
}

const rowOf = ({ name, ...rest }: ListedAddon, always: boolean): readonly [string, AddonRow] => [
  name,
  { ...rest, always },
];
