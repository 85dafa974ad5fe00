import type { RunContext } from "../../contract/host.ts";
import type { PushEntry, Transport } from "../../contract/transport.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { textEntry } from "../node/push-entries.ts";
import type { GuestFacts } from "./guest-facts.ts";

const modules = ["overlay", "br_netfilter"] as const;
/** What pods' traffic needs; the bridge's two exist only where br_netfilter is loaded. */
const switches = [
  "net.ipv4.ip_forward",
  "net.bridge.bridge-nf-call-iptables",
  "net.bridge.bridge-nf-call-ip6tables",
] as const;

/** Files by which the guest's own systemd makes these settings at every boot. A container's kernel is not its own: no modules there. */
export function guestSettings({ isContainer }: Pick<GuestFacts, "isContainer">): readonly PushEntry[] {
  // The dash lets systemd-sysctl pass over what this kernel does not have.
  const sysctl = switches.map((name) => `-${name} = 1\n`).join("");
  return [
    ...(isContainer ? [] : [textEntry(guestPaths.modules, modules.map((name) => `${name}\n`).join(""))]),
    textEntry(guestPaths.sysctl, sysctl),
  ];
}

// Written one by one instead of by restarting systemd's units: other people's settings are none of our business, and a container
// may have some of these read-only.
const script = `
for module in $1; do modprobe "$module" 2>/dev/null || echo "module $module is not there"; done
for name in $2; do
  file=/proc/sys/$(echo "$name" | tr . /)
  [ -e "$file" ] || continue
  [ "$(cat "$file")" = 1 ] || { echo 1 > "$file"; } 2>/dev/null || echo "$name cannot be set"
done
`;

/** Brings the settings into effect when their files were changed by this start or are not in effect; never rejects for what a kernel lacks. */
export async function applyGuestSettings(
  transport: Transport,
  facts: Pick<GuestFacts, "isContainer" | "forwardsPackets">,
  changed: readonly string[],
  c: Pick<RunContext, "signal" | "log">,
): Promise<void> {
  const isChanged = changed.includes(guestPaths.modules) || changed.includes(guestPaths.sysctl);
  if (!isChanged && facts.forwardsPackets) return;
  const loaded = facts.isContainer ? "" : modules.join(" ");
  const { stdout } = await transport.exec(["sh", "-c", script, "sh", loaded, switches.join(" ")], {
    signal: c.signal,
    timeoutMs: 120_000,
  });
  for (const line of stdout.split("\n").filter(Boolean)) c.log(line);
}
