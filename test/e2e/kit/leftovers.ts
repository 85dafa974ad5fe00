import { readdir, readFile } from "node:fs/promises";
import { runProgram, type Workspace } from "./workspace.ts";

/** Containers, volumes and networks of an engine whose name holds `name`, one line each. Rejects when the engine does not answer. */
export async function objectsNaming(
  name: string,
  engine: "podman" | "docker",
  env: Workspace["env"],
): Promise<readonly string[]> {
  const lines = async (...args: string[]): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await runProgram([engine, ...args], { env });
    if (exitCode !== 0) throw new Error(`${engine} ${args.join(" ")}: ${stderr}`);
    return stdout.split("\n").filter((line) => line.includes(name));
  };
  return [
    ...(await lines("ps", "--all", "--format", "container {{.Names}}")),
    ...(await lines("volume", "ls", "--format", "volume {{.Name}}")),
    ...(await lines("network", "ls", "--format", "network {{.Name}}")),
  ];
}

/** Everything on this host that belongs to a profile's machine; empty after `delete`. */
export async function leftovers(
  { home, kubeconfig, env }: Workspace,
  profile: string,
  engine: "podman" | "docker" = "podman",
): Promise<readonly string[]> {
  const name = `localkube-${profile}`;
  const found = [
    ...(await objectsNaming(name, engine, env)),
    ...(await rulesNaming(name)).map((rule) => `firewall ${rule}`),
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

/** Podman's rules name the network they are for; of one that is gone nobody else would tell. */
async function rulesNaming(name: string): Promise<readonly string[]> {
  const { stdout } = await runProgram(["iptables-save"]);
  return stdout.split("\n").filter((line) => line.includes(name));
}

async function processesNaming(name: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return commands.map((command) => command.replaceAll("\0", " ")).filter((command) => command.includes(name));
}
