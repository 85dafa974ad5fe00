import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a first start gets, without a machine: Kubernetes and both kinds of machine image. */
const downloads = ["podman", "qemu"].map((driver) => [
  ...["start", "--download-only", "--artifacts", "debian", "--driver", driver, "--yes"],
]);
const shownLines = 40;

export interface Warmed {
  readonly ms: number;
  /** The end of what was said, when it failed. */
  readonly failure?: string;
}

/**
 * Has the built program fill the user's cache with what clusters need, as politely as may be, for tests run beside it. Takes a second
 * or two when all of it is there. Never rejects; `stop` ends it.
 */
export function warmCaches(root: string): { readonly done: Promise<Warmed>; readonly stop: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "localkube-warm-"));
  const log = join(folder, "log");
  const state = { LOCALKUBE_HOME: join(folder, "state"), KUBECONFIG: join(folder, "kubeconfig") };
  const begun = performance.now();
  const stopped = new AbortController();
  const run = async (): Promise<Warmed> => {
    try {
      for (const args of downloads) {
        const file = openSync(log, "a");
        const child = spawn("nice", ["-n", "5", join(root, "bin/localkube"), ...args], {
          env: { ...process.env, ...state },
          stdio: ["ignore", file, file],
          signal: stopped.signal,
        });
        closeSync(file);
        const [code] = (await once(child, "close")) as [number | null];
        if (code !== 0) throw new Error(`localkube ${args.join(" ")} ended with ${code ?? "a signal"}`);
      }
      return { ms: performance.now() - begun };
    } catch (error) {
      const said = readFileSync(log, { encoding: "utf8", flag: "a+" }).trimEnd().split("\n");
      const failure = [(error as Error).message, ...said.slice(-shownLines)].join("\n");
      return { ms: performance.now() - begun, failure };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return { done: run(), stop: () => stopped.abort() };
}
