import { networkInterfaces } from "node:os";
import type { DriverCapabilities } from "../../contract/driver.ts";
import type { Transport } from "../../contract/transport.ts";

/** This computer as a machine reaches it. */
export interface SeenHost {
  /** From the machine and its pods. */
  readonly address: string;
  /** Where a program of this computer has to listen for what is sent there; it may also listen on all addresses. */
  readonly listen: string;
}

/** Why that is not known, as a clause. */
export interface UnseenHost {
  readonly problem: string;
}

// sudo hides the variable from what it runs, but the processes above have it. The session of a connection that sshd does not keep in its environment ends at init.
const script = `
pid=$$
while [ "\${pid:-0}" -gt 1 ]; do
  peer=$(tr '\\0' '\\n' < "/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\\([^ ]*\\) .*/\\1/p')
  [ "$peer" ] && break
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
done
echo "peer $peer"
ip -4 route show default | sed -n 's/.* via \\([0-9.]*\\).*/gateway \\1/p'
`;

/**
 * Asks the machine where SSH connections of this computer come from: that is how each kind of network shows this computer to it, whatever the driver. An address of this computer's own
 * is reached as it is. The gateway of a machine that a hypervisor on this computer made leads to this computer's loopback. Anything else is a router or a jump host. Read-only. Rejects as
 * `transport.exec`.
 */
export async function seenHost(
  transport: Pick<Transport, "exec">,
  { origin }: Pick<DriverCapabilities, "origin">,
  signal: AbortSignal,
  own: readonly string[] = ownAddresses(),
): Promise<SeenHost | UnseenHost> {
  const { stdout } = await transport.exec(["sh", "-c", script], { signal, timeoutMs: 20_000 });
  const said = (word: string): readonly string[] =>
    stdout.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  const address = (said("peer")[0] ?? "").trim().replace(/^::ffff:/, "");
  if (address === "") return { problem: "the machine does not tell where connections over SSH come from" };
  if (own.includes(address)) return { address, listen: address };
  if (origin === "created" && said("gateway").includes(address)) return { address, listen: "127.0.0.1" };
  return {
    problem: `connections over SSH reach the machine from ${address}, which is no address of this computer`,
  };
}

/** Addresses that other machines may reach this computer at: a machine on this computer has a loopback of its own. */
export const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  );
