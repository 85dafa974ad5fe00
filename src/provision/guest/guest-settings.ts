import type { DriverCapabilities } from "../../contract/driver.ts";
import type { RunContext } from "../../contract/host.ts";
import type { PushEntry, Transport } from "../../contract/transport.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { textEntry } from "../node/push-entries.ts";
import type { NodeInput } from "../node/node-input.ts";
import type { GuestFacts } from "./guest-facts.ts";

const modules = ["overlay", "br_netfilter"] as const;
/** What pods' traffic needs; the bridge's two exist only where br_netfilter is loaded. */
const switches = [
  "net.ipv4.ip_forward",
  "net.bridge.bridge-nf-call-iptables",
  "net.bridge.bridge-nf-call-ip6tables",
] as const;

/** The default of 128 instances is used up by a node's own programs and a few pods that watch files. */
const inotify = "fs.inotify.max_user_instances = 8192\nfs.inotify.max_user_watches = 1048576\n";

/**
 * How long systemd waits for anything at shutdown, the pods' scopes among them, before it kills it; 90 s by default, and `stop` waits 30 s
 * for the whole machine. The image of virtual machines has the same file.
 */
const managerConfig = "[Manager]\nDefaultTimeoutStopSec=10s\n";

/**
 * Files from which the guest's own systemd applies these settings at every boot. A container's kernel is not its own: no modules and no limits of
 * the kernel there. On an existing host only what pods cannot do without: how it shuts down and what its users may watch is up to its owner.
 */
export function guestSettings({
  facts: { isContainer },
  machine: { origin },
}: {
  readonly facts: Pick<GuestFacts, "isContainer">;
  readonly machine: Pick<DriverCapabilities, "origin">;
}): readonly PushEntry[] {
  const isOurs = origin !== "existing";
  // The dash lets systemd-sysctl pass over what this kernel does not have.
  const sysctl = switches.map((name) => `-${name} = 1\n`).join("");
  return [
    ...(isOurs ? [textEntry(guestPaths.manager, managerConfig)] : []),
    ...(isContainer ? [] : [textEntry(guestPaths.modules, modules.map((name) => `${name}\n`).join(""))]),
    textEntry(guestPaths.sysctl, `${sysctl}${isOurs && !isContainer ? inotify : ""}`),
  ];
}

// Written one by one instead of by restarting systemd's units: other settings must not be touched, and a container
// may have some of these read-only.
const script = `
for module in $1; do modprobe "$module" 2>/dev/null || echo "module $module is not there"; done
for name in $2; do
  file=/proc/sys/$(echo "$name" | tr . /)
  [ -e "$file" ] || continue
  [ "$(cat "$file")" = 1 ] || { echo 1 > "$file"; } 2>/dev/null || echo "$name cannot be set"
done
for line in $3; do
  file=/proc/sys/$(echo "\${line%=*}" | tr . /)
  # Never lowered: it may have been raised for a reason.
  [ "$(cat "$file")" -ge "\${line#*=}" ] || echo "\${line#*=}" > "$file" || echo "$line cannot be set"
done
[ "$4" ] && systemctl daemon-reload
exit 0
`;

/** Applies the settings when this start changed their files or they are not in effect; never rejects for what a kernel does not have. */
export async function applyGuestSettings(
  transport: Transport,
  { facts, machine }: Pick<NodeInput, "facts" | "machine">,
  changed: readonly string[],
  c: Pick<RunContext, "signal" | "log">,
): Promise<void> {
  const isChanged = [guestPaths.modules, guestPaths.sysctl, guestPaths.manager].some((path) =>
    changed.includes(path),
  );
  if (!isChanged && facts.forwardsPackets) return;
  const loaded = facts.isContainer ? "" : modules.join(" ");
  const limits = facts.isContainer || machine.origin === "existing" ? "" : inotify.replaceAll(" ", "");
  const reload = changed.includes(guestPaths.manager) ? "reload" : "";
  const { stdout } = await transport.exec(
    ["sh", "-c", script, "sh", loaded, switches.join(" "), limits, reload],
    { signal: c.signal, timeoutMs: 120_000 },
  );
  for (const line of stdout.split("\n").filter(Boolean)) c.log(line);
}
