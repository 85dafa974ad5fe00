import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

/**
 * Resolves when it is possible to listen on a TCP port of the host. Rejects with PORT_IN_USE naming the process that uses it, if /proc
 * shows it, or PORT_NOT_PERMITTED. `flag` is the one to suggest (`apiserver-port`). The port is not reserved.
 */
export async function assertPortFree(port: number, flag: string, address = "127.0.0.1"): Promise<void> {
  const problem = await listenProblem(port, address);
  if (problem === undefined) return;
  if (problem.code === "EACCES")
    throw new LocalkubeError("PORT_NOT_PERMITTED", { port, address, flag }, { cause: problem });
  if (problem.code !== "EADDRINUSE") throw problem;
  const process = (await portUser(port)) ?? "another process (of another user or container)";
  throw new LocalkubeError("PORT_IN_USE", { port, address, flag, process }, { cause: problem });
}

function listenProblem(port: number, address: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** "nginx (process 4711)" for the process of this host that listens on a TCP port; undefined when /proc does not show it. */
export async function portUser(port: number): Promise<string | undefined> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map(textOf));
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid) || !(await holdsSocket(pid, inodes))) continue;
    return `${(await textOf(`/proc/${pid}/comm`)).trim()} (process ${pid})`;
  }
  return undefined;
}

function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const isListening = fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`);
    return isListening && fields[9] !== undefined ? [fields[9]] : [];
  });
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  return targets.some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ""));
}

const textOf = (file: string) => readFile(file, "utf8").catch(() => "");
