import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type Platform, platforms } from "./platform.ts";

type Host = Pick<HostContext, "arch" | "cacheDir" | "run">;

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
