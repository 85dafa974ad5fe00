import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { QemuError } from "./errors.ts";
import { type Platform, platforms } from "./platform.ts";

const accelerators = ["kvm", "hvf", "whpx", "tcg"] as const;
export interface Accelerator {
  readonly name: (typeof accelerators)[number];
  /** Why it is emulated, if it is. */
  readonly reason?: string;
}

type Host = Pick<HostContext, "platform" | "arch" | "env" | "run" | "cacheDir">;
const variable = "LOCALKUBE_QEMU_ACCEL";

/**
 * The accelerator that runs guests at native processor speed here, or `tcg` with the reason why there is none. What the host claims to have
 * must also boot a guest (`probeBoot`). Writes nothing but the cached result of that.
 */
export async function accelerator(host: Host): Promise<Accelerator> {
  const wanted = host.env[variable];
  if (wanted) {
    const name = accelerators.find((known) => known === wanted);
    if (!name) throw new QemuError("QEMU_ACCEL_UNKNOWN", { value: wanted, known: accelerators.join(", ") });
    return name === "tcg" ? { name, reason: `${variable} says so` } : { name };
  }
  const said = await whatHostSays(host);
  if (said.name === "tcg") return said;
  const problem = await probeBoot(said.name, host);
  return problem === undefined
    ? said
    : { name: "tcg", reason: `${said.name} is there but fails: ${problem}` };
}

async function whatHostSays(host: Host): Promise<Accelerator> {
  if (host.platform === "linux") return onLinux(host);
  if (host.platform === "darwin") return onMac(host);
  return { name: "whpx" };
}

async function onLinux({ arch }: Host): Promise<Accelerator> {
  const problem = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? "error",
  );
  if (problem === "EACCES")
    return { name: "tcg", reason: "this user may not open /dev/kvm (join the group kvm)" };
  if (problem !== undefined) return { name: "tcg", reason: "there is no /dev/kvm" };
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  if (arch === "arm64" || hasVirtualization(text)) return { name: "kvm" };
  // Paravirtualized hosts have the device file, but a stock kernel hangs in such a guest while it unpacks itself.
  return { name: "tcg", reason: "there is /dev/kvm, but the processor has neither vmx nor svm" };
}

export const hasVirtualization = (cpuinfo: string): boolean => /^flags\s*:.*\b(?:vmx|svm)\b/m.test(cpuinfo);

async function onMac(host: Host): Promise<Accelerator> {
  const { stdout } = await host.run(["sysctl", "-n", "kern.hv_support"], {
    timeoutMs: 3000,
    allowFailure: true,
  });
  return stdout.trim() === "1"
    ? { name: "hvf" }
    : { name: "tcg", reason: "this Mac has no Hypervisor framework" };
}

const timeoutMs = 3000;
const failureMs = 600_000;

/**
 * Whether this accelerator really runs a guest: boots a firmware of four instructions that powers the machine off (40 ms). Undefined when it
 * does, or when QEMU is not installed yet; otherwise the reason why not. The result is cached for this QEMU on this kernel and processor.
 */
export async function probeBoot(accelerator: string, host: Host): Promise<string | undefined> {
  const platform = platforms[host.arch];
  try {
    const { stdout } = await host.run([platform.program, "--version"], { timeoutMs });
    const key = createHash("sha256")
      .update(JSON.stringify([accelerator, stdout, release(), cpus()[0]?.model ?? ""]))
      .digest("hex")
      .slice(0, 16);
    const file = join(host.cacheDir, "qemu", `probe-${key}.json`);
    const known = await readAnswer(file);
    if (known && (known.problem === undefined || Date.now() - known.at < failureMs)) return known.problem;
    const problem = await boot(accelerator, platform, host);
    await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
    await writeFile(file, JSON.stringify({ at: Date.now(), problem } satisfies Answer));
    return problem;
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "HOST_COMMAND_NOT_FOUND") return undefined;
    throw error;
  }
}

interface Answer {
  /** Unix time, milliseconds. */
  readonly at: number;
  readonly problem: string | undefined;
}

const readAnswer = (file: string): Promise<Answer | undefined> =>
  readFile(file, "utf8")
    .then(
      (text) => JSON.parse(text) as Answer,
      () => undefined,
    )
    .catch(() => undefined);

async function boot(accelerator: string, platform: Platform, host: Host): Promise<string | undefined> {
  const { firmware, exitCode: wanted, options } = platform.probe;
  const file = join(host.cacheDir, "qemu", `probe-${host.arch}.rom`);
  await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
  await writeFile(file, firmware());
  const argv = [
    platform.program,
    ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", platform.machineAlias],
    ...["-accel", accelerator, "-cpu", accelerator === "tcg" ? platform.emulatedCpu : "host"],
    ...["-m", "64M", ...options],
    ...["-bios", file],
  ] as const;
  try {
    const { exitCode, stderr } = await host.run(argv, { timeoutMs, allowFailure: true });
    if (exitCode === wanted) return undefined;
    return cause(stderr) || `QEMU ended with ${exitCode}`;
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    if (error.id === "HOST_COMMAND_TIMEOUT") return "a guest hangs in it";
    if (error.id === "HOST_COMMAND_FAILED") return cause(error.output ?? "") || "QEMU crashes with it";
    throw error;
  }
}

/** The first message is the cause; the rest is fallout from it. */
const cause = (text: string): string =>
  (
    text
      .trim()
      .split("\n")
      .find((line) => !line.includes("warning:")) ?? ""
  ).replace(/^qemu-system-\w+: /, "");
