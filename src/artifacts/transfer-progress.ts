import { basename } from "node:path";
import type { Progress } from "../contract/host.ts";

interface Transfer {
  readonly name: string;
  done: number;
  total: number;
  finished: boolean;
}

/** Adds up parallel transfers into one progress line; totals grow as the sources report their sizes. */
export class TransferProgress {
  readonly #transfers = new Map<string, Transfer>();
  readonly #report: (progress: Progress) => void;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  /** Sets the progress of one transfer; `done` falls when a download has to start again. */
  update(identity: string, done: number, total: number | undefined): void {
    this.#transfers.set(identity, {
      name: basename(identity),
      done,
      total: Math.max(total ?? 0, done),
      finished: false,
    });
    this.#send();
  }

  finish(identity: string): void {
    const transfer = this.#transfers.get(identity);
    if (transfer) transfer.finished = true;
    this.#send();
  }

  #send(): void {
    const all = [...this.#transfers.values()];
    const active = all.filter((transfer) => !transfer.finished).map((transfer) => transfer.name);
    const sum = (key: "done" | "total") => all.reduce((total, transfer) => total + transfer[key], 0);
    this.#report({
      message: active.length ? `Fetching ${active.join(", ")}` : "Fetched",
      done: sum("done"),
      total: sum("total"),
      unit: "bytes",
    });
  }
}
