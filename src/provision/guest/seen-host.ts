import { networkInterfaces } from "node:os";
import type { DriverCapabilities, MachineRef } from "../../contract/driver.ts";
import type { Transport } from "../../contract/transport.ts";
import { containsNetwork } from "../../host/network.ts";

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

/** An address of this computer's own, with its network as CIDR. */
export interface OwnAddress {
  readonly address: string;
  readonly network: string;
}

/**
 * How the machine reaches this computer. One with an interface in the machine's network is reached at that, as the machine is from here. Else the machine is asked where SSH connections of this computer come
 * from: an address of its own is reached as it is, and the gateway of a machine that a hypervisor here made leads to loopback. Anything else is a router or a jump host. Read-only. Rejects as
 * `transport.exec`.
 */
export async function seenHost(
  transport: Pick<Transport, "exec">,
  { origin, address: machine }: Pick<DriverCapabilities, "origin"> & Pick<MachineRef, "address">,
  signal: AbortSignal,
  own: readonly OwnAddress[] = ownAddresses(),
): Promise<SeenHost | UnseenHost> {
  const near = own.find(({ network }) => containsNetwork(network, `${machine}/32`));
  if (near) return { address: near.address, listen: near.address };
  const { stdout } = await transport.exec(["sh", "-c", script], { signal, timeoutMs: 20_000 });
  const said = (word: string): readonly string[] =>
    stdout.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  const peer = (said("peer")[0] ?? "").trim().replace(/^::ffff:/, "");
  if (peer === "") return { problem: "the machine does not tell where connections over SSH come from" };
  if (own.some(({ address }) => address === peer)) return { address: peer, listen: peer };
  if (origin === "created" && said("gateway").includes(peer)) return { address: peer, listen: "127.0.0.1" };
  return {
    problem: `connections over SSH reach the machine from ${peer}, which is no address of this computer`,
  };
}

/** IPv4 addresses that other machines may reach this computer at: a machine on this computer has a loopback of its own. */
export const ownAddresses = (): readonly OwnAddress[] =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, cidr, family, internal }) =>
      family === "IPv4" && !internal && cidr !== null ? [{ address, network: cidr }] : [],
    ),
  );
