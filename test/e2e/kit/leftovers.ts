import { readdir, readFile } from "node:fs/promises";
import { runProgram, type Workspace } from "./workspace.ts";

/** Everything on this host that belongs to a profile's machine; empty after `delete`. */
export async function leftovers(
  { home, kubeconfig }: Workspace,
  profile: string,
): Promise<readonly string[]> {
  const name = `localkube-${profile}`;
  const lines = async (...argv: string[]): Promise<string[]> =>
    (await runProgram(argv)).stdout.split("\n").filter((line) => line.includes(name));
  const found = [
    ...(await lines("podman", "ps", "--all", "--format", "container {{.Names}}")),
    ...(await lines("podman", "volume", "ls", "--format", "volume {{.Name}}")),
    ...(await lines("podman", "network", "ls", "--format", "network {{.Name}}")),
    ...(await processesNaming(name)).map((command) => `process ${command}`),
  ];
  const files = await readdir(`${home}/state/clusters`).catch((): string[] => []);
  const config = await readFile(kubeconfig, "utf8").catch(() => "");
  if (files.includes(profile)) found.push(`folder of ${profile}`);
  const caches = await readdir(`${home}/.kube/cache/discovery`).catch((): string[] => []);
  // Named by port, not by profile: there must be no more of them than clusters that are left.
  if (caches.length > files.length) found.push(`kubectl's discovery of ${caches.join(", ")}`);
  if (config.includes(`name: ${profile}`)) found.push(`kubeconfig entry ${profile}`);
  return found;
}

async function processesNaming(name: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return commands.map((command) => command.replaceAll("\0", " ")).filter((command) => command.includes(name));
}
