import ipaddr from "ipaddr.js";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Transport } from "../../contract/transport.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { textEntry } from "../node/push-entries.ts";
import { renderUnit } from "../units/unit-file.ts";
import { firewallRules, type FirewallPlan } from "./firewall-rules.ts";

const unitName = "localkube-firewall.service";
const loadMs = 60_000;

// Loaded each time, which replaces the table at once: what was pushed may not have been loaded by a start that was killed.
const loadScript = `
set -e
systemctl enable --quiet --no-reload "$2"
nft -f "$1"
`;

/**
 * Closes the machine as far as the plan's `scope` says, but with `admitCaller` not for our address as the machine sees it; at every boot before
 * the network comes up. Returns whether anything changed. Rejects with GUEST_FIREWALL_FAILED or FIREWALL_CALLER_UNKNOWN.
 */
export async function ensureFirewall(
  transport: Transport,
  { admitCaller, ...plan }: Omit<FirewallPlan, "caller"> & { readonly admitCaller: boolean },
  c: Pick<RunContext, "signal">,
): Promise<boolean> {
  const caller = admitCaller ? await callerOf(transport, c.signal) : undefined;
  const rules = textEntry(
    guestPaths.firewall,
    firewallRules({ ...plan, ...(caller === undefined ? {} : { caller }) }),
    0o600,
  );
  const argv = ["/usr/sbin/nft", "-f", guestPaths.firewall];
  const unit = renderUnit({ name: unitName, template: unitName, argv, inputs: [rules] });
  const entries = [rules, textEntry(`${guestPaths.units}/${unitName}`, unit)];
  const { changed } = await transport.push(entries, { signal: c.signal });
  const { exitCode, stderr } = await transport.exec(
    ["sh", "-c", loadScript, "sh", guestPaths.firewall, unitName],
    { signal: c.signal, timeoutMs: loadMs, allowFailure: true },
  );
  if (exitCode !== 0)
    throw new LocalkubeError(
      "GUEST_FIREWALL_FAILED",
      { file: guestPaths.firewall },
      { output: stderr.trim() },
    );
  return changed.length > 0;
}

// sudo drops the variable, so it is looked for in the processes above ours, the shell of the login among them; root may read their environments.
const callerScript = `
pid=$$
while [ "\${pid:-0}" -gt 1 ]; do
  caller=$(tr '\\0' '\\n' 2>/dev/null < "/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p')
  [ "$caller" ] && { echo "\${caller%% *}"; exit 0; }
  pid=$(sed 's/^.*) [A-Za-z] \\([0-9]*\\) .*$/\\1/' "/proc/$pid/stat" 2>/dev/null)
done
`;

/** The address our connection comes from, as the machine's sshd sees it: behind a router it is not an address of this computer. */
async function callerOf(transport: Transport, signal: AbortSignal): Promise<string> {
  const { stdout } = await transport.exec(["sh", "-c", callerScript], { signal, timeoutMs: loadMs });
  const caller = stdout.trim();
  if (ipaddr.isValid(caller.replace(/%.*$/, ""))) return caller;
  throw new LocalkubeError("FIREWALL_CALLER_UNKNOWN", { said: caller === "" ? "nothing" : caller });
}
