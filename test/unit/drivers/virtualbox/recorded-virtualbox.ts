import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MachineSpec } from "../../../../src/contract/driver.ts";
import type {
  CommandOptions,
  CommandResult,
  HostContext,
  RunContext,
} from "../../../../src/contract/host.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { recordImage } from "../../../../src/host/image-file/image-record.ts";
import { testSpec } from "../recording-host.ts";

export interface Recorded {
  readonly host: HostContext;
  readonly c: RunContext;
  readonly spec: MachineSpec;
  /** What was asked of VBoxManage that changes something, as text; this run's ids, folder and ports of it replaced. */
  readonly transcript: () => string;
  /** Every argv of VBoxManage. */
  readonly calls: string[][];
  /** With what each of them was run. */
  readonly options: CommandOptions[];
  /** `VMState` that `showvminfo` tells from now on. */
  state: string;
  readonly dispose: () => Promise<void>;
}

export type Override = (args: readonly string[], recorded: Recorded) => Partial<CommandResult> | undefined;

interface Options {
  readonly version?: string;
  readonly platform?: NodeJS.Platform;
  readonly arch?: HostContext["arch"];
  readonly env?: HostContext["env"];
  /** Answers in place of the usual ones. */
  readonly override?: Override;
}

const disk = "94fe2029-a9f9-44af-a802-8960d04af5c2";
const snapshotId = "7b9209b7-459a-4a53-9d86-6a88748f3fe0";

/** A VBoxManage that says what VirtualBox 7.2.22 said in Debian's root (and its manual for what that cannot), and keeps the little that `create` looks back at. */
export async function recordedVirtualBox(options: Options = {}): Promise<Recorded> {
  const { version = "7.2.22_Debianr175245", platform = "linux", arch = "amd64", env = {} } = options;
  const folder = await mkdtemp(join(tmpdir(), "localkube-vbox-unit-"));
  const calls: string[][] = [];
  const asked: CommandOptions[] = [];
  const adapters: { name: string; ip: string }[] = [];
  const nets: { name: string; lower: string }[] = [];
  let diskMiB = 4096;
  const snapshots: { readonly name: string; readonly description: string }[] = [];
  const after = (args: readonly string[], option: string): string => args[args.indexOf(option) + 1] ?? "";

  const adapterList = (): string =>
    adapters
      .map(
        ({ name, ip }) =>
          `Name:            ${name}\nIPAddress:       ${ip}\nNetworkMask:     255.255.255.0\n`,
      )
      .join("\n");
  const netList = (): string =>
    nets
      .map(
        ({ name, lower }) =>
          `Name:            ${name}\nState:           Enabled\nLowerIP:         ${lower}\n`,
      )
      .join("\n");
  const info = (): string =>
    `name="localkube-demo"\nmemory=4096\ncpus=2\nVMState="${recorded.state}"\n"SATA-0-0"="/x/disk.vdi"\n"SATA-ImageUUID-0-0"="${disk}"\n"SATA-1-0"="/x/volume.iso"\n"SATA-ImageUUID-1-0"="3eac5f4a-5192-481e-88ed-9cc3da5becb6"\n`;
  const become = (state: string): Partial<CommandResult> => {
    recorded.state = state;
    return {};
  };
  /** By the first words of the call; the first that fits answers. */
  const answers: readonly (readonly [RegExp, (args: readonly string[]) => Partial<CommandResult> | void])[] =
    [
      [/^--version/, () => ({ stdout: `${version}\n` })],
      [/^list hostonlyifs/, () => ({ stdout: adapterList() })],
      [/^list hostonlynets/, () => ({ stdout: netList() })],
      [
        /^hostonlyif create/,
        () => {
          adapters.push({ name: "vboxnet0", ip: "192.168.56.1" });
          return { stdout: "Interface 'vboxnet0' was successfully created\n", stderr: "0%...100%\n" };
        },
      ],
      [
        /^hostonlyif ipconfig/,
        (args) => {
          for (const adapter of adapters) if (adapter.name === args[2]) adapter.ip = after(args, "--ip");
        },
      ],
      [/^hostonlyif remove/, () => void adapters.splice(0)],
      [
        /^hostonlynet add/,
        (args) => void nets.push({ name: after(args, "--name"), lower: after(args, "--lower-ip") }),
      ],
      [/^hostonlynet remove/, () => void nets.splice(0)],
      [
        /^showmediuminfo/,
        () => ({
          stdout: `UUID:           ${disk}\nParent UUID:    base\nCapacity:       ${diskMiB} MBytes\n`,
        }),
      ],
      [/^modifymedium/, (args) => void (diskMiB = Number(after(args, "--resize")))],
      [/^showvminfo/, () => ({ stdout: info() })],
      [/^startvm|^controlvm \S+ resume/, () => become("running")],
      [/^controlvm \S+ savestate/, () => become("saved")],
      [/^controlvm|^discardstate/, () => become("poweroff")],
      [
        /^snapshot \S+ take/,
        (args) => void snapshots.push({ name: args[3] ?? "", description: after(args, "--description") }),
      ],
      [
        /^snapshot \S+ list/,
        () =>
          snapshots.length > 0
            ? {
                stdout: snapshots
                  .map(
                    ({ name, description }) =>
                      `SnapshotName="${name}"\nSnapshotUUID="${snapshotId}"\nSnapshotDescription="${description}"\n`,
                  )
                  .join(""),
              }
            : { exitCode: 1, stdout: "This machine does not have any snapshots\n" },
      ],
      [
        /^snapshot \S+ showvminfo/,
        () => ({
          stdout:
            "Name:                        localkube-demo\nMemory size:                 4096MB\nNumber of CPUs:              2\nState:                       powered off (since 2026-11-25T19:34:58.303000000)\n",
        }),
      ],
    ];
  const answer = (args: readonly string[]): Partial<CommandResult> =>
    options.override?.(args, recorded) ??
    (answers.find(([words]) => words.test(args.join(" ")))?.[1](args) || {});
  const run: HostContext["run"] = (argv, how = {}) => {
    const [program, ...args] = argv;
    if (program !== "VBoxManage") return Promise.resolve({ exitCode: 0, stdout: "[]", stderr: "" });
    calls.push(args);
    asked.push(how);
    const { exitCode = 0, stdout = "", stderr = "" } = answer(args);
    if (exitCode === 0 || how.allowFailure) return Promise.resolve({ exitCode, stdout, stderr });
    return Promise.reject(new LocalkubeError("HOST_COMMAND_FAILED", { command: args.join(" "), exitCode }));
  };
  const stateDir = join(folder, "state of «Zoë»");
  const host: HostContext = {
    run,
    env: { LOCALKUBE_VBOXMANAGE: "VBoxManage", ...env },
    platform,
    arch,
    isRoot: false,
    stateDir,
    cacheDir: join(folder, "cache"),
  };
  const c = { host, signal: new AbortController().signal, report: () => undefined, log: () => undefined };
  // The conversion has its own tests: here the VDI is in the cache already.
  await mkdir(host.cacheDir);
  const file = join(host.cacheDir, "disk.qcow2");
  await writeFile(join(host.cacheDir, "disk.vdi"), "the image");
  await recordImage({ file: join(host.cacheDir, "disk.vdi") }, join(host.cacheDir, "disk.vdi"), c);
  const spec: MachineSpec = {
    ...testSpec,
    image: { kind: "disk", file, key: "key", firstBoot: "cloud-init" },
  };
  const recorded: Recorded = {
    host,
    c,
    spec,
    calls,
    options: asked,
    state: "poweroff",
    transcript: () => transcriptOf(calls, stateDir),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
  return recorded;
}

const looks = /^(?:--version|list|showvminfo|showmediuminfo|snapshot \S+ (?:list|showvminfo))/;

function transcriptOf(calls: readonly string[][], stateDir: string): string {
  const ids = new Map<string, string>();
  return calls
    .map((args) => args.join(" "))
    .filter((line) => !looks.test(line))
    .map((line) =>
      line
        .replaceAll(stateDir, "STATE")
        .replace(/localkube-[0-9a-f]{8}\b/g, "NET")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, "NOW")
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => {
          if (id === disk) return "DISK";
          if (id === snapshotId) return "SNAPSHOT";
          if (!ids.has(id)) ids.set(id, `ID${ids.size}`);
          return ids.get(id)!;
        }),
    )
    .join("\n");
}
