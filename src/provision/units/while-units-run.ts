import { setTimeout as sleep } from "node:timers/promises";
import { controlPlaneComponents } from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import type { Waiting } from "../kube/wait-until.ts";

const lookMs = 1500;
/** Where a check takes seconds (emulation), checking must stay a small part of what the guest does. */
const pauseOfLook = 15;
const commandMs = 120_000;

/**
 * This many exits since the wait began mean that a program will not come up by itself. An emulated API server may well give up on etcd, or a
 * controller on the API server, a few times before both are there.
 */
const endsThatMeanFailure = { fullSpeed: 3, emulated: 10 } as const;

const controlPlane = new Set<string>(controlPlaneComponents);

/** Lines of the report; a program's own reason for exiting is among the last lines it wrote. */
const reportedLines = 8;
/** Go's programs may write the stack of every goroutine after their last words. */
const searchedLines = 500;

// $1 unit, $2 lines: what the program itself wrote; where it could not even be run, what systemd reports about it.
const lastWordsScript = `
said=$(journalctl "_SYSTEMD_UNIT=$1.service" --lines "$2" --output cat --no-pager 2>/dev/null)
[ "$said" ] || said=$(journalctl --unit "$1" --lines ${reportedLines} --output cat --no-pager 2>/dev/null)
echo "$said"
`;

/**
 * Does `work` and rejects as soon as one of the node's systemd units (named without `.service`) keeps exiting meanwhile: with
 * CONTROL_PLANE_FAILING or NODE_UNIT_FAILING, the last lines of its log as output. Earlier exits do not count. `work` gets the
 * signal to obey; when it finishes first, its result is returned. A failed check is not a failure: `work` finds out whether the machine is
 * still there.
 */
export async function whileUnitsRun<T>(
  transport: Transport,
  units: readonly string[],
  { signal, emulated }: Waiting,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const watched = AbortSignal.any([signal, over.signal]);
  let failing: LocalkubeError | undefined;
  // Nothing waits for it to finish: a check in progress when the work is done ends by itself.
  void watchUnits(transport, units, { signal, emulated }, watched).then(
    (error) => {
      failing = error;
      over.abort(error);
    },
    () => undefined,
  );
  try {
    return await work(watched);
  } catch (error) {
    throw failing && !signal.aborted ? failing : error;
  } finally {
    over.abort();
  }
}

/** Ends only by finding a unit that keeps ending, or by the signal `over`, with which it rejects. */
async function watchUnits(
  transport: Transport,
  units: readonly string[],
  { signal, emulated }: Waiting,
  over: AbortSignal,
): Promise<LocalkubeError> {
  const limit = emulated ? endsThatMeanFailure.emulated : endsThatMeanFailure.fullSpeed;
  const before = new Map<string, number>();
  const look = ["systemctl", "show", "--property", "Id,NRestarts,ActiveState", ...units] as const;
  let pauseMs = emulated ? lookMs : 0;
  for (;;) {
    await sleep(pauseMs, undefined, { signal: over });
    const begun = performance.now();
    const options = { signal, timeoutMs: commandMs, allowFailure: true };
    const answer = await transport.exec(look, options).catch(() => undefined);
    over.throwIfAborted();
    for (const { unit, restarts, state } of parseStates(answer?.stdout ?? "")) {
      const known = before.get(unit);
      // Fewer than before: the unit was started by hand since, from which systemd counts again.
      if (known === undefined || restarts < known) before.set(unit, known === undefined ? restarts : 0);
      const ends = restarts - before.get(unit)!;
      if (ends < limit && state !== "failed") continue;
      const output = lastWords(await wordsOf(transport, unit, signal));
      return controlPlane.has(unit)
        ? new LocalkubeError(
            "CONTROL_PLANE_FAILING",
            {},
            { output: `${unit} ended ${times(ends)}\n${output}` },
          )
        : new LocalkubeError("NODE_UNIT_FAILING", { unit, times: times(ends) }, { output });
    }
    pauseMs = Math.max(lookMs, emulated ? pauseOfLook * (performance.now() - begun) : 0);
  }
}

/** A unit that systemd has given up on may have no restart since the wait began. */
const times = (ends: number): string => (ends > 1 ? `${ends} times` : "and is not started again");

/** `systemctl show` of several units: a paragraph of `Name=value` for each. Only services have a number of restarts. */
function parseStates(
  text: string,
): readonly { readonly unit: string; readonly restarts: number; readonly state: string }[] {
  return text.split("\n\n").flatMap((paragraph) => {
    const values = new Map(
      paragraph.split("\n").map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]),
    );
    const unit = (values.get("Id") ?? "").trim().replace(/\.service$/, "");
    return unit
      ? [{ unit, restarts: Number(values.get("NRestarts") ?? 0), state: values.get("ActiveState")! }]
      : [];
  });
}

async function wordsOf(transport: Transport, unit: string, signal: AbortSignal): Promise<string> {
  const argv = ["sh", "-c", lastWordsScript, "sh", unit, String(searchedLines)] as const;
  const { stdout } = await transport.exec(argv, { signal, timeoutMs: commandMs, allowFailure: true });
  return stdout;
}

/** A fatal line, as klog, Go and cobra write it: what follows it is the stack. */
const fatal = /^F\d{4} |^panic: |^fatal error: |^Error: |"command failed"|level=fatal/;

/** The lines that best explain why a program ended: from its last fatal one on, else the last ones. Pure. */
export function lastWords(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const at = lines.findLastIndex((line) => fatal.test(line));
  const stack = lines.findIndex((line, index) => index > at && /^goroutine \d+ /.test(line));
  return at < 0
    ? lines.slice(-reportedLines).join("\n")
    : lines.slice(at, stack < 0 ? at + reportedLines : Math.min(stack, at + reportedLines)).join("\n");
}
