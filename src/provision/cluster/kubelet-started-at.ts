import type { Transport } from "../../contract/transport.ts";
import { type Waiting, waitUntil } from "../../kube/wait-until.ts";

// Nothing while a restart is still in progress: the old process and its time would be reported.
const script = `
eval "$(systemctl show --property ActiveState,Job kubelet | sed 's/[^A-Za-z0-9=]//g')"
if [ "$ActiveState" = active ] && [ "\${Job:-0}" = 0 ]; then
  date --date "$(systemctl show --property ExecMainStartTimestamp --value kubelet)" +%s
fi
`;

/** When the kubelet that runs now was started, in seconds since the epoch by the guest's clock: the clock its heartbeats carry. */
export const kubeletStartedAt = (transport: Transport, waiting: Waiting): Promise<number> =>
  waitUntil(
    async () => {
      const { stdout } = await transport.exec(["sh", "-s"], {
        stdin: script,
        signal: waiting.signal,
        timeoutMs: 120_000,
      });
      return Number(stdout.trim()) || undefined;
    },
    { ...waiting, intervalMs: 100 },
  );
