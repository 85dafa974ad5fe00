import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../src/host/find-program.ts";

export interface DockerDaemon {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Stops the daemon and removes its folder, mounts, bridge and firewall rules. */
  stop(): Promise<void>;
}

/**
 * A docker daemon of the tests alone: socket, data and state in a folder of its own, no bridge, so that one which runs on this host is not
 * disturbed. Rejects with the end of the daemon's log when it does not come up.
 */
export async function dockerDaemon(): Promise<DockerDaemon> {
  const program = await findProgram("dockerd", { env: process.env });
  if (program === undefined) throw new Error("dockerd is not installed: apt-get install docker.io");
  const folder = await mkdtemp(join(tmpdir(), "localkube-docker-"));
  const rulesBefore = firewall();
  const address = `unix://${folder}/docker.sock`;
  const log = await open(join(folder, "log"), "w");
  const daemon = spawn(
    program,
    [
      ...["--host", address, "--pidfile", join(folder, "pid"), "--bridge", "none"],
      ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
    ],
    { stdio: ["ignore", log.fd, log.fd], detached: true },
  );
  const stop = async (): Promise<void> => {
    emptyEngine(address);
    await end(daemon);
    await log.close();
    unmountBelow(folder);
    restoreFirewall(rulesBefore);
    await rm(folder, { recursive: true, force: true });
  };
  for (let i = 0; i < 300 && daemon.exitCode === null; i++) {
    if (answers(address)) return { address, stop };
    await sleep(200);
  }
  const said = await readFile(join(folder, "log"), "utf8");
  await stop();
  throw new Error(`dockerd did not come up:\n${said.split("\n").slice(-12).join("\n")}`);
}

function answers(address: string): boolean {
  try {
    execFileSync("docker", ["--host", address, "info"], { stdio: "ignore", timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}

/** What a failed test left would leave its bridge and rules on this host, and its processes. */
function emptyEngine(address: string): void {
  const lists = [
    { list: ["ps", "--all", "--quiet"], remove: ["rm", "--force", "--volumes"] },
    { list: ["network", "ls", "--quiet", "--filter", "type=custom"], remove: ["network", "rm"] },
  ];
  for (const { list, remove } of lists) {
    const call = (args: readonly string[]) =>
      execFileSync("docker", ["--host", address, ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 60_000,
      });
    try {
      const ids = call(list).split("\n").filter(Boolean);
      if (ids.length > 0) call([...remove, ...ids]);
    } catch {
      // A daemon that does not answer holds nothing that it could remove.
    }
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, "exit");
  daemon.kill("SIGTERM");
  const force = setTimeout(() => daemon.kill("SIGKILL"), 30_000);
  await ended;
  clearTimeout(force);
}

function unmountBelow(folder: string): void {
  const places = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`));
  for (const place of places.reverse()) execFileSync("umount", ["--lazy", place]);
}

const docker = /DOCKER/;
const tables = ["nat", "filter"] as const;

function firewall(): ReadonlySet<string> {
  return new Set(tables.flatMap((table) => rulesOf(table).map((rule) => `${table} ${rule}`)));
}

const rulesOf = (table: string): readonly string[] =>
  execFileSync("iptables", ["-t", table, "-S"]).toString().split("\n").filter(Boolean);

/** The daemon leaves its chains when it ends; those that were there before it are somebody else's. */
function restoreFirewall(before: ReadonlySet<string>): void {
  for (const table of tables) {
    const added = rulesOf(table).filter((rule) => docker.test(rule) && !before.has(`${table} ${rule}`));
    const call = (rule: string, verb: string) => {
      const words = [...rule.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', ""));
      execFileSync("iptables", ["-t", table, verb, ...words.slice(1)], { stdio: "ignore" });
    };
    for (const rule of added.filter((line) => line.startsWith("-A "))) call(rule, "-D");
    for (const chain of added.filter((line) => line.startsWith("-N "))) call(chain, "-X");
  }
}
