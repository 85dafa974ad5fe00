import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { poll } from "../../src/host/poll.ts";

/** QEMU refused a command; the message is QEMU's own. */
class QmpError extends Error {}

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly id?: number;
}

/** One connection to a machine's monitor (QEMU's docs/interop/qmp-spec). */
export interface Qmp {
  /** Rejects with QmpError when the command is refused, with Error when the connection ends or `timeoutMs` (default 10 000) has passed. */
  execute<T>(command: string, args?: object, timeoutMs?: number): Promise<T>;
  close(): void;
}

const greetingMs = 5000;

/** Undefined when nobody listens at the socket; rejects when somebody does but stays silent. */
export async function openQmp(path: string, signal: AbortSignal): Promise<Qmp | undefined> {
  const socket = connect({ path });
  try {
    await once(socket, "connect", { signal });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    if (["ENOENT", "ECONNREFUSED"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  const qmp = dialogue(socket, signal);
  try {
    await qmp.execute("qmp_capabilities", undefined, greetingMs);
    return qmp;
  } catch (error) {
    qmp.close();
    throw error;
  }
}

/** Of a QEMU that is killed while it writes, the last line is cut: no answer, the end of the connection follows. */
function answerIn(line: string): Answer {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return {};
  }
}

function dialogue(socket: Socket, signal: AbortSignal): Qmp {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let count = 0;
  const end = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  socket.on("error", end).on("close", () => end(new Error("QEMU closed its monitor")));
  const abort = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener("abort", abort, { once: true });
  // readline passes the socket's errors on, and one that nobody listens to ends the process.
  const lines = createInterface({ input: socket }).on("error", end);
  lines.on("line", (line) => {
    // Greeting and events carry no id; their content is queried when it is needed.
    const { id, error, return: value } = answerIn(line);
    const call = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || !call) return;
    waiting.delete(id);
    if (error) call.reject(new QmpError(error.desc));
    else call.resolve(value);
  });
  return {
    execute: <T>(command: string, args?: object, timeoutMs = 10_000) => {
      const id = ++count;
      return new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`QEMU did not answer ${command} within ${timeoutMs / 1000} s`));
        }, timeoutMs);
        const settle =
          <V>(act: (value: V) => void) =>
          (value: V): void => {
            clearTimeout(timer);
            act(value);
          };
        waiting.set(id, { resolve: settle(resolve as (value: unknown) => void), reject: settle(reject) });
        if (socket.destroyed) return end(new Error("QEMU closed its monitor"));
        socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
      });
    },
    close() {
      signal.removeEventListener("abort", abort);
      socket.destroy();
    },
  };
}

const pollMs = 50;

interface Job {
  readonly id: string;
  readonly status: string;
  readonly error?: string;
}

/** Runs one of QEMU's background jobs to completion (snapshot-save, -load, -delete). Rejects with QmpError when the job itself fails. */
export async function runJob(qmp: Qmp, command: string, args: object, signal: AbortSignal): Promise<void> {
  const id = `localkube-${command}`;
  await qmp.execute(command, { "job-id": id, ...args });
  const ended = async (): Promise<Job | "gone" | undefined> => {
    // While memory is being loaded or saved, QEMU does not answer.
    const jobs = await qmp.execute<readonly Job[]>("query-jobs", undefined, 600_000);
    const job = jobs.find((one) => one.id === id);
    if (!job) return "gone";
    return job.status === "concluded" ? job : undefined;
  };
  const job = await poll(ended, { signal, everyMs: pollMs });
  if (job === "gone") return;
  await qmp.execute("job-dismiss", { id });
  if (job.error !== undefined) throw new QmpError(job.error);
}
