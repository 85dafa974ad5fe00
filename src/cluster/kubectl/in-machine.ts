import { randomUUID } from "node:crypto";
import { runAttached } from "../../host/run-attached.ts";
import { opensshArgv } from "../../machine/ssh/openssh.ts";
import { apiServerPort, guestPaths } from "../../provision/node/guest-paths.ts";
import { kubeconfigText } from "../../provision/kubeconfig/merge-kubeconfig.ts";
import { clusterPaths } from "../../state/paths.ts";
import { opensshAccess } from "../access/open-cluster.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

export interface KubectlRequest {
  readonly name: string;
  readonly words: readonly string[];
  /** All three of our standard streams are the same terminal. */
  readonly onTerminal: boolean;
}

/** The credentials are kept in memory (/run is a tmpfs), readable only by root, and removed with the command however it ends. */
const receive = 'umask 077; cat > "$0"';
const run = 'export KUBECONFIG="$0"; trap \'rm -f "$0"\' EXIT; trap "exit 143" HUP INT TERM; "$@"';

/** Runs the node's own kubectl over SSH with administrator rights; files it is given must be in the machine (or `-f -`). */
export async function kubectlInMachine(
  { name, words, onTerminal }: KubectlRequest,
  context: UseCaseContext,
): Promise<number> {
  const { endpoint, knownHostsFile } = await opensshAccess({ name }, context);
  const { pki } = clusterPaths(context.host, name);
  const text = await kubeconfigText({
    name,
    server: `https://127.0.0.1:${apiServerPort}`,
    caFile: `${pki}/ca.crt`,
    certFile: `${pki}/admin.crt`,
    keyFile: `${pki}/admin.key`,
    embedCerts: true,
  });
  const file = `/run/localkube-kubectl-${randomUUID()}`;
  const ssh = (command: readonly string[], tty: boolean) =>
    opensshArgv(endpoint, { knownHostsFile, command, tty });
  const c = quietly(context);
  await c.host.run(ssh(["sh", "-c", receive, file], false), {
    stdin: text,
    signal: c.signal,
    timeoutMs: 120_000,
  });
  const argv = ssh(["sh", "-c", run, file, `${guestPaths.bin}/kubectl`, ...words], onTerminal);
  return (await runAttached(argv, { signal: c.signal })).exitCode;
}
