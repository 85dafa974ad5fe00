import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshEndpoint, Transport } from "../../src/contract/transport.ts";
import { generateKeyPair, writeIdentity } from "../../src/machine/ssh/keys.ts";
import type { ConnectOptions } from "../../src/contract/transport.ts";
import { connect } from "../../src/machine/ssh/transport.ts";

/** A real OpenSSH server on loopback with keys of its own. */
export interface TestSshd {
  readonly dir: string;
  readonly endpoint: SshEndpoint;
  start(): Promise<void>;
  /** Kills the server and all its sessions, as a power cut would. */
  kill(): Promise<void>;
  /** Kills the sessions alone; the server goes on listening. */
  cutSessions(): void;
  /** Process ids of everything that runs under the server. */
  descendants(): number[];
  connect(options?: Partial<ConnectOptions> & { endpoint?: Partial<SshEndpoint> }): Promise<Transport>;
  /** Ends everything and removes the folder. */
  dispose(): Promise<void>;
}

export async function testSshd(extraConfig: readonly string[] = []): Promise<TestSshd> {
  const dir = await mkdtemp(join(tmpdir(), "localkube-sshd-"));
  const [identity, hostKey, port] = await Promise.all([generateKeyPair(), generateKeyPair(), freePort()]);
  await writeIdentity(join(dir, "id"), identity);
  await writeIdentity(join(dir, "host"), hostKey);
  await writeFile(join(dir, "authorized_keys"), `${identity.publicKey}\n`);
  await writeFile(
    join(dir, "sshd_config"),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(dir, "host")}`,
      `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
      `PidFile ${join(dir, "pid")}`,
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin yes",
      "PasswordAuthentication no",
      "Subsystem sftp internal-sftp",
      // The start-up files of whoever runs the tests are none of our business, and may be slow.
      `SetEnv HOME=${dir}`,
      ...extraConfig,
      "",
    ].join("\n"),
  );
  const endpoint: SshEndpoint = {
    host: "127.0.0.1",
    port,
    user: userInfo().username,
    identityFile: join(dir, "id"),
    hostKey: hostKey.publicKey,
  };
  // sshd refuses to start without its empty folder, which only the service's start makes.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });

  let server: ChildProcess | undefined;
  const transports: Transport[] = [];
  const descendants = () => (server?.pid === undefined ? [] : childrenOf(server.pid));
  const sshd: TestSshd = {
    dir,
    endpoint,
    descendants,
    // eslint-disable-next-line @typescript-eslint/require-await
    async start() {
      server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(dir, "sshd_config")], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      server.stderr?.on("data", (text: Buffer) => appendFileSync(join(dir, "log"), text));
    },
    async kill() {
      if (!server) return;
      const dying = server;
      const gone =
        dying.exitCode === null &&
        dying.signalCode === null &&
        new Promise((resolve) => dying.once("exit", resolve));
      const below = descendants();
      dying.kill("SIGKILL");
      for (const pid of below) kill(pid);
      await gone;
      server = undefined;
    },
    cutSessions: () => {
      for (const pid of server?.pid === undefined ? [] : directChildren(server.pid)) kill(pid);
    },
    async connect({ endpoint: changed, ...options } = {}) {
      const transport = await connect(
        { ...endpoint, ...changed },
        {
          signal: new AbortController().signal,
          timeoutMs: 10_000,
          log: () => undefined,
          guestStateDir: join(dir, "guest-state"),
          ...options,
        },
      );
      transports.push(transport);
      return transport;
    },
    async dispose() {
      await Promise.all(transports.map((transport) => transport.close()));
      await sshd.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await sshd.start();
  return sshd;
}

function directChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

const childrenOf = (pid: number): number[] =>
  directChildren(pid).flatMap((child) => [child, ...childrenOf(child)]);

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The id of the LocalkubeError a promise rejects with; fails when it does not reject or with something else. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { id?: string; params?: Record<string, unknown>; output?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { id?: string };
  }
  throw new Error("it did not reject");
}

/** Polls a condition of the outside world for at most five seconds. */
export async function eventually(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 250; tries += 1) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
