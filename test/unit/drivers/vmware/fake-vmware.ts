import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect } from "vitest";
import { parseVmx, serializeVmx, withValues } from "../../../../drivers/vmware/vmx.ts";
import type { MachineSpec } from "../../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { CommandResult, HostContext, RunContext } from "../../../../src/contract/host.ts";
import { testSpec } from "../recording-host.ts";

export type Answers = (verb: string, args: readonly string[]) => string | Error | undefined;

export interface FakeVmware {
  readonly root: string;
  readonly c: RunContext;
  readonly spec: MachineSpec;
  /** Every argv of VMware's programs, with this run's folders named. */
  readonly commands: string[];
  /** .vmx files that `vmrun list` tells. */
  readonly running: Set<string>;
  /** What a verb answers instead: its text, an error, or undefined for what it would. */
  answer: Answers;
  put(path: string, text: string): void;
  remove(path: string): void;
  dispose(): void;
}

const fusion = "/Applications/VMware Fusion.app/Contents/Library";

/** A host on which VMware's programs answer as they would, and the files that the driver reads are in a folder. */
export function fakeVmware(product: "ws" | "player" | "fusion" = "ws"): FakeVmware {
  const root = mkdtempSync(join(tmpdir(), "localkube-vmware-"));
  const commands: string[] = [];
  const running = new Set<string>();
  const snapshots = new Set<string>();
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  };
  const bin = product === "fusion" ? fusion : "/bin";
  const window_ = { ws: "vmware", player: "vmplayer", fusion: "vmware-vmx" }[product];
  for (const name of ["vmrun", "vmware-vdiskmanager", window_]) put(`${bin}/${name}`, "");
  put("/path/qemu-img", "");
  put("/proc/cpuinfo", "flags\t\t: fpu vmx\n");
  put("/dev/vmmon", "");
  put("/dev/vmnet8", "");
  const etc = product === "fusion" ? "/Library/Preferences/VMware Fusion/vmnet8" : "/etc/vmware/vmnet8";
  // Groups' addresses: no TCP connection goes there, whatever the network of this host answers for.
  const nat = "[host]\nip = 224.0.118.2\nnetmask = 255.255.255.0\n";
  put(product === "fusion" ? `${etc}/nat.conf` : `${etc}/nat/nat.conf`, nat);
  put("/image/disk.qcow2", "");

  const fake: FakeVmware = {
    root,
    commands,
    running,
    answer: () => undefined,
    put,
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    dispose: () => rmSync(root, { recursive: true, force: true }),
    spec: {
      ...testSpec,
      image: { kind: "disk", file: join(root, "image/disk.qcow2"), key: "k", firstBoot: "cloud-init" },
    },
    c: {
      signal: new AbortController().signal,
      report: () => undefined,
      log: () => undefined,
      host: {
        run: (argv, options) => {
          const answered = perform(argv);
          const text = answered instanceof Error ? `${answered.message}\n` : answered;
          const result: CommandResult = {
            exitCode: answered instanceof Error ? 255 : 0,
            stdout: text,
            stderr: "",
          };
          if (answered instanceof LocalkubeError) return Promise.reject(answered);
          if (result.exitCode === 0 || options?.allowFailure) return Promise.resolve(result);
          const params = { command: argv.join(" "), exitCode: 255 };
          return Promise.reject(new LocalkubeError("HOST_COMMAND_FAILED", params, { output: text }));
        },
        env: {
          PATH: join(root, "path"),
          LOCALKUBE_VMWARE_ROOT: root,
          ...(product === "fusion" ? {} : { LOCALKUBE_VMRUN: join(root, "bin/vmrun") }),
        },
        platform: product === "fusion" ? "darwin" : "linux",
        arch: "amd64",
        isRoot: false,
        stateDir: join(root, "state"),
        cacheDir: join(root, "cache"),
      } satisfies HostContext,
    },
  };

  function perform(argv: readonly string[]): string | Error {
    const [first = "", ...rest] = argv;
    if (first === "qemu-img") return qemuImg(rest);
    if (rest[0] === "-v") return `VMware Something 17.6.2 build-1\n`;
    if (first === "ip") return "[]";
    commands.push(argv.join(" ").replaceAll(root, "ROOT"));
    if (first.endsWith("vdiskmanager")) return diskManager(rest);
    return verb(first === "/bin/sh" ? rest.slice(3) : rest);
  }

  function verb([, type, name = "", vmx = "", ...more]: readonly string[]): string | Error {
    expect(type).toBe(product);
    const answered = fake.answer(name, [vmx, ...more]);
    if (answered !== undefined) return answered;
    if (name === "list")
      return `Total running VMs: ${running.size}\n${[...running].map((one) => `${one}\n`).join("")}`;
    if (name === "start") running.add(vmx);
    if (name === "stop" || name === "suspend") running.delete(vmx);
    if (name === "start" || name === "suspend") saveMemory(vmx, name === "suspend");
    return snapshotVerb(name, more[0] ?? "");
  }

  function snapshotVerb(name: string, snapshot: string): string {
    if (name === "snapshot") snapshots.add(snapshot);
    if (name === "deleteSnapshot") snapshots.delete(snapshot);
    return name === "listSnapshots"
      ? [`Total snapshots: ${snapshots.size}`, ...snapshots, ""].join("\n")
      : "";
  }
  return fake;
}

/** A suspended machine names its memory in its settings; a woken one does not. */
function saveMemory(vmx: string, saved: boolean): void {
  if (!existsSync(vmx)) return;
  const file = vmx.replace(/\.vmx$/, ".vmss");
  if (saved) writeFileSync(file, "");
  const values = { "checkpoint.vmState": saved ? basename(file) : "" };
  writeFileSync(vmx, serializeVmx(withValues(parseVmx(readFileSync(vmx, "utf8")), values)));
}

/** A sparse extent of 4 GiB, as far as its header goes. */
function qemuImg(args: readonly string[]): string {
  const header = Buffer.alloc(512);
  header.write("KDMV");
  header.writeBigUInt64LE(8n * 2n ** 20n, 12);
  if (args[0] === "convert") writeFileSync(args.at(-1)!, header);
  return args[0] === "measure" ? `{ "required": 1 }` : "";
}

function diskManager(args: readonly string[]): string {
  if (args[0] === "-r") copyFileSync(args[1]!, args[4]!);
  return args[0] === "-x"
    ? "Disk expansion completed successfully.\n"
    : "Virtual disk conversion successful.\n";
}
