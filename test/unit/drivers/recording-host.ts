import type { MachineSpec } from "../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { CommandResult, HostContext, RunContext } from "../../../src/contract/host.ts";

export type Answer = Partial<CommandResult> | LocalkubeError;

export interface RecordingHost {
  readonly host: HostContext;
  /** Every argv, in order. */
  readonly commands: string[][];
  readonly c: RunContext;
}

/** Else the routes of the host the tests run on would count. */
const noRoutes: readonly [string, Answer] = ["ip -4 -j route", { stdout: "[]" }];

/** A host whose programs do not run: the words of the argv choose what they would have said, the first match counts. */
export function recordingHost(
  answers: readonly (readonly [string, Answer])[],
  env: HostContext["env"] = { PATH: "/nowhere" },
): RecordingHost {
  const commands: string[][] = [];
  const run: HostContext["run"] = (argv, options) => {
    commands.push([...argv]);
    const answer = [...answers, noRoutes].find(([words]) => argv.join(" ").includes(words))?.[1] ?? {};
    if (answer instanceof LocalkubeError) return Promise.reject(answer);
    const { exitCode = 0, stdout = "", stderr = "" } = answer;
    if (exitCode === 0 || options?.allowFailure) return Promise.resolve({ exitCode, stdout, stderr });
    const command = argv.join(" ");
    return Promise.reject(
      new LocalkubeError("HOST_COMMAND_FAILED", { command, exitCode }, { output: stderr }),
    );
  };
  const host: HostContext = {
    run,
    env,
    platform: "linux",
    arch: "amd64",
    isRoot: true,
    stateDir: "/nowhere/state",
    cacheDir: "/nowhere/cache",
  };
  const c = {
    host,
    signal: new AbortController().signal,
    report: () => undefined,
    log: () => undefined,
  };
  return { host, commands, c };
}

/** The argv of `create` without the host's own /lib/modules, which is shared where it exists. */
export const withoutModules = (argv: readonly string[]): readonly string[] => {
  const at = argv.findIndex((word) => word.startsWith("/lib/modules:"));
  return at < 1 ? argv : [...argv.slice(0, at - 1), ...argv.slice(at + 1)];
};

export const testSpec: MachineSpec = {
  name: "localkube-demo",
  hostname: "demo",
  cpus: 2,
  memoryMiB: 4096,
  diskGiB: 20,
  image: { kind: "rootfs", file: "/nowhere/machine.tar", key: "0123456789abcdef" },
  ports: [
    { name: "ssh", guestPort: 22, hostPort: 20022 },
    { name: "api", guestPort: 6443, hostPort: 20443 },
  ],
  authorizedKey: "ssh-ed25519 AAAALOGIN",
  identityFile: "/nowhere/id",
  hostKey: { privatePem: "SECRET", publicKey: "ssh-ed25519 AAAAHOST" },
  network: { cluster: "demo", index: 0, avoid: ["10.96.0.0/12"] },
  runtime: "containerd",
  options: {},
  apiOverSsh: true,
};
