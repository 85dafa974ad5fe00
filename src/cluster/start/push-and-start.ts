import type { RunContext } from "../../contract/host.ts";
import { applyGuestSettings } from "../../provision/guest/guest-settings.ts";
import { guestPaths } from "../../provision/node/guest-paths.ts";
import type { NodePart } from "../../provision/node/node-files.ts";
import { unpackPrograms } from "../../provision/programs/unpack-programs.ts";
import { restartUnits, staleUnits } from "../../provision/units/ensure-units.ts";
import { need, type NodeState } from "./state.ts";

/** Updates parts of a node to the desired state and restarts the units whose inputs changed. Idempotent; reports when nothing had to be done. */
export async function pushAndStart(
  s: NodeState,
  parts: readonly NodePart[],
  c: RunContext,
): Promise<void | "unchanged"> {
  const transport = need(s, "transport");
  const pushed = await transport.push(
    parts.flatMap(({ files }) => files),
    {
      signal: c.signal,
      timeoutMs: 590_000,
      ...(s.volume ? { volume: s.volume } : {}),
      onProgress: (done, total) => c.report({ done, total, unit: "bytes" }),
    },
  );
  const archives = parts.flatMap((part) => part.archives);
  const unpacked = await unpackPrograms(transport, archives, c);
  if (parts.some(({ files }) => files.some(({ path }) => path === guestPaths.sysctl)))
    await applyGuestSettings(
      transport,
      { facts: need(s, "facts"), machine: s.definition.capabilities },
      pushed.changed,
      c,
    );
  const units = parts.flatMap((part) => part.units);
  const stale = await staleUnits(transport, units, c.signal);
  await restartUnits(transport, stale, c.signal);
  s.restarted = [...(s.restarted ?? []), ...stale.map(({ name }) => name)];
  c.log(
    `pushed ${pushed.changed.length} files, ${pushed.bytes} bytes; unpacked ${unpacked.join(" ") || "nothing"}; restarted ${stale.map(({ name }) => name).join(" ") || "nothing"}`,
  );
  return pushed.changed.length + unpacked.length + stale.length === 0 ? "unchanged" : undefined;
}
