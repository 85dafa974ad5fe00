import { readdir, readFile } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { poll } from "../../src/host/poll.ts";
import type { MachineFiles } from "./machine-file.ts";

type Host = Pick<HostContext, "run" | "platform">;

/**
 * The process that runs this machine: the one from the pid file if its command line names the machine's folder (the pid may belong to another
 * program by now), otherwise, for instance when the pid file was lost, any process whose command line does.
 */
export async function qemuProcess(host: Host, files: MachineFiles): Promise<number | undefined> {
  const recorded = Number(await readFile(files.pid, "utf8").catch(() => ""));
  if (recorded > 1 && isOurs(await commandLine(host, recorded), files)) return recorded;
  return (await processes(host)).find(({ command }) => isOurs(command, files))?.pid;
}

const isOurs = (command: string, { pid }: MachineFiles): boolean =>
  /qemu-system-\w+/.test(command) && command.includes(`-pidfile ${pid} `);

async function commandLine(host: Host, pid: number): Promise<string> {
  return host.platform === "linux" ? textOfCommand(pid) : ps(host, "command=", pid);
}

async function ps(host: Host, column: string, pid: number): Promise<string> {
  const { stdout } = await host.run(["ps", "-ww", "-o", column, "-p", String(pid)], {
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

/**
 * Resolves when the process has ended, and its files and ports with it; false after `timeoutMs`. By pid: a process that is releasing its
 * memory has no command line any more but still holds the disk's lock.
 */
export async function waitForExit(
  host: Host,
  pid: number | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (pid === undefined) return true;
  const ended = async () => (await hasEnded(host, pid)) || undefined;
  return (await poll(ended, { signal, everyMs: 100, limitMs: timeoutMs })) === true;
}

/** Ended, even if its parent has not reaped it; a process whose first thread is a zombie has ended when no other thread is left. */
async function hasEnded(host: Host, pid: number): Promise<boolean> {
  if (host.platform !== "linux") return zombieOrNothing.test(await ps(host, "state=", pid));
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (!zombieOrNothing.test(stat.slice(stat.lastIndexOf(")") + 1))) return false;
  return (await readdir(`/proc/${pid}/task`).catch((): string[] => [])).length <= 1;
}

const zombieOrNothing = /^\s*([ZX]|$)/;
