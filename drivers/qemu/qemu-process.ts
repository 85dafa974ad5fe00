import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostContext } from "../../src/contract/host.ts";
import type { MachineFiles } from "./machine-folder.ts";

type Host = Pick<HostContext, "run" | "platform">;

/**
 * The process that runs this machine: the one of the pid file when its command line names the machine's folder (a number may belong to
 * another program by now), else, as when the pid file was lost, any whose command line does.
 */
export async function qemuProcess(host: Host, files: MachineFiles): Promise<number | undefined> {
  const recorded = Number(await readFile(files.pid, "utf8").catch(() => ""));
  if (recorded > 1 && isOurs(await commandLine(host, recorded), files)) return recorded;
  return (await processes(host)).find(({ command }) => isOurs(command, files))?.pid;
}

const isOurs = (command: string, { pid }: MachineFiles): boolean =>
  /qemu-system-\w+/.test(command) && command.includes(`-pidfile ${pid} `);

async function commandLine(host: Host, pid: number): Promise<string> {
  if (host.platform === "linux") return textOfCommand(pid);
  const { stdout } = await host.run(["ps", "-ww", "-o", "command=", "-p", String(pid)], {
    timeoutMs: 5000,
    allowFailure: true,
  });
  return stdout;
}

const textOfCommand = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/cmdline`, "utf8").then(
    (text) => text.replaceAll("\0", " "),
    () => "",
  );

async function processes(host: Host): Promise<readonly { pid: number; command: string }[]> {
  if (host.platform === "linux") {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    return Promise.all(pids.map(async (pid) => ({ pid, command: await textOfCommand(pid) })));
  }
  const { stdout } = await host.run(["ps", "-axww", "-o", "pid=,command="], { timeoutMs: 5000 });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, command = ""] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), command }];
  });
}

/** Ends when the process has; false after `timeoutMs`. */
export async function waitForExit(
  host: Host,
  files: MachineFiles,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while ((await qemuProcess(host, files)) !== undefined) {
    if (performance.now() > deadline) return false;
    await sleep(100, undefined, { signal });
  }
  return true;
}
