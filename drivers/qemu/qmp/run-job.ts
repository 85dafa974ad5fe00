import { setTimeout as sleep } from "node:timers/promises";
import { QmpError, type Qmp } from "./qmp-client.ts";

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
  for (;;) {
    // While memory is being loaded or saved, QEMU does not answer.
    const jobs = await qmp.execute<readonly Job[]>("query-jobs", undefined, 600_000);
    const job = jobs.find((one) => one.id === id);
    if (!job) return;
    if (job.status === "concluded") {
      await qmp.execute("job-dismiss", { id });
      if (job.error !== undefined) throw new QmpError(job.error);
      return;
    }
    await sleep(pollMs, undefined, { signal });
  }
}
