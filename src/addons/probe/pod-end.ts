import { poll } from "../../host/poll.ts";
import { type Pod, troubleOf } from "../pod-trouble.ts";
import { troubleContext } from "../rollout.ts";
import { everyMs, failed, type ProbeContext } from "./context.ts";

/** The last line of a pod that ends with 0. Rejects with ADDON_PROBE_FAILED: it ended otherwise, not in time, or cannot run. Read-only. */
export async function podEnd(name: string, namespace: string, context: ProbeContext): Promise<string> {
  const { addon, api, signal, limitMs } = context;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const reasons = troubleContext(context);
  let last = `there is no pod ${name}`;
  const phase = await poll(
    async () => {
      const found = await api.get<Pod>(path, { signal });
      const is = found?.status?.phase;
      if (is === "Succeeded" || is === "Failed") return is;
      const trouble = found && (await troubleOf(found, reasons));
      last = trouble?.text ?? `the pod ${name} is ${is ?? "not there"}`;
      if (trouble?.final) throw failed(addon, trouble.text, trouble.output);
      return undefined;
    },
    { signal, everyMs, limitMs },
  );
  const { status, body } = await api.send(`${path}/log?tailLines=8`, { signal });
  const lines = status === 200 ? body.trim() : "";
  if (phase === "Succeeded") return lines.split("\n").at(-1) || `the pod ${name} ended well`;
  const seen =
    phase === "Failed"
      ? `the pod ${name} ended with an error`
      : `${last} after ${Math.round(limitMs / 1000)} s`;
  throw failed(addon, seen, lines === "" ? undefined : lines);
}
