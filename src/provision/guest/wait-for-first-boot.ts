import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstBootMarker } from "../../contract/first-boot.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Transport } from "../../contract/transport.ts";
import { poll } from "../../host/poll.ts";

const lookMs = 15_000;
const pollMs = 1000;

/**
 * Waits until cloud-init or Ignition has done what our seed says: a provider's image starts sshd before that, restarts it in between, and holds
 * the lock of apt. Connections that break meanwhile are reopened. Rejects with GUEST_FIRST_BOOT_LATE.
 */
export async function waitForFirstBoot(
  transport: Transport,
  c: Pick<RunContext, "signal" | "report" | "log">,
  timeoutMs = 600_000,
): Promise<void> {
  const options = { signal: c.signal, timeoutMs: lookMs, allowFailure: true };
  const look = async () => {
    const done = await transport.exec(["test", "-e", firstBootMarker], options).then(
      ({ exitCode }) => exitCode === 0,
      (error: unknown) => {
        c.signal.throwIfAborted();
        c.log(String(error));
        return false;
      },
    );
    if (done) return true;
    c.report({ message: "waiting for the end of its first boot" });
    return undefined;
  };
  if (!(await poll(look, { signal: c.signal, everyMs: pollMs, limitMs: timeoutMs })))
    throw new LocalkubeError("GUEST_FIRST_BOOT_LATE", { minutes: Math.round(timeoutMs / 60_000) });
}
