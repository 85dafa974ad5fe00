import { execLine } from "../../host/systemd-quoting.ts";

/** Begins with none of Kubernetes' own names, so that kube-proxy leaves it alone. */
const guardChain = "LOCALKUBE-SERVICES";

// $1 network of Services, $2 chain. What kube-proxy knows has another destination by then, and with IPVS one of the node's own. First in its
// chain, and there once however often it runs; `-w` waits for others who change the tables.
const guardScript = `
PATH=$PATH:/usr/sbin:/sbin
printf '*filter\\n:%s - [0:0]\\n-A %s -d %s -m addrtype ! --dst-type LOCAL -j REJECT\\nCOMMIT\\n' "$2" "$2" "$1" |
  iptables-restore -w 30 --noflush
for from in OUTPUT FORWARD; do
  iptables -w 30 -C $from -j "$2" 2>/dev/null || iptables -w 30 -I $from -j "$2"
done
`;

/**
 * The command, for `ExecStartPre=`, that refuses connections to Services which kube-proxy does not know (yet), for programs of the node and for pods. Otherwise such
 * a connection leaves the node by its default route, and is kept: the API server went on asking for the health of an aggregated API somebody outside whose network had the
 * same address. kube-proxy's own mode of nftables refuses them likewise. Idempotent. Pure.
 */
export const guardServices = (serviceCidr: string): string =>
  execLine(["/bin/sh", "-c", guardScript, "sh", serviceCidr, guardChain]);
