import { createServer } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import { leftovers } from "../../e2e/kit/leftovers.ts";
import { runProgram, type Workspace } from "../../e2e/kit/workspace.ts";

/** Processes of QEMU that run this profile's machine. */
export async function machineProcesses({ home }: Workspace, profile: string): Promise<readonly number[]> {
  const folder = `${home}/state/machines/localkube-${profile}/`;
  const ids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const commands = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return ids.filter(
    (_id, index) => /^\S*qemu-system/.test(commands[index]!) && commands[index]!.includes(folder),
  );
}

/** TCP addresses a process listens on, as `127.0.0.1:20022`. */
export async function listenersOf(pid: number): Promise<readonly string[]> {
  const { stdout } = await runProgram(["ss", "-Hltnp"]);
  return stdout
    .split("\n")
    .filter((line) => line.includes(`pid=${pid},`))
    .map((line) => line.split(/\s+/)[3] ?? "");
}

/** Everything of a profile's virtual machine on this host; empty after `delete`. `ports` are those it had. */
export async function vmLeftovers(
  user: Workspace,
  profile: string,
  ports: readonly number[],
): Promise<readonly string[]> {
  const files = async (folder: string) =>
    (await readdir(folder, { recursive: true }).catch((): string[] => []))
      .filter((name) => name.includes(profile))
      .map((name) => `${folder}/${name}`);
  const taken = await Promise.all(ports.map(async (port) => ((await isFree(port)) ? [] : [`port ${port}`])));
  return [
    ...(await leftovers(user, profile)),
    ...(await files(`${user.home}/state`)),
    ...(await files(`${user.home}/.config`)),
    ...taken.flat(),
  ];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
