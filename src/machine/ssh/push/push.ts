import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { LocalkubeError, messageOf } from "../../../contract/errors/localkube-error.ts";
import type { ExecResult, PushEntry, PushOptions, PushResult } from "../../../contract/transport.ts";
import type { RemoteCommandOptions } from "../exec.ts";
import { digestScript, guestDigests, guestFiles, inspectScript, inspectedPaths } from "./guest-files.ts";
import { type InstallPlan, installPlan } from "./install-plan.ts";
import { installScript, volumeUnusable } from "./install-script.ts";
import { installStream } from "./install-stream.ts";
import { pushDifference } from "./push-difference.ts";
import { type DesiredFile, pushManifest } from "./push-manifest.ts";

export interface GuestOptions {
  /** Folder of the guest for the memo of pushed files. */
  readonly guestStateDir: string;
  readonly log: (line: string) => void;
}

type RunRemote = (argv: readonly [string, ...string[]], options: RemoteCommandOptions) => Promise<ExecResult>;

const defaultTimeoutMs = 300_000;

/** See `Transport.push`. One round trip when nothing differs; up to three more when links, hashes and content are needed. */
export async function push(
  run: RunRemote,
  entries: readonly PushEntry[],
  options: PushOptions & GuestOptions,
): Promise<PushResult> {
  const desired = pushManifest(entries);
  if (desired.length === 0) return { changed: [], bytes: 0 };
  const end = performance.now() + (options.timeoutMs ?? defaultTimeoutMs);
  const ask = (script: readonly [string, ...string[]], extra: RemoteCommandOptions) =>
    run(script, {
      ...(options.signal ? { signal: options.signal } : {}),
      timeoutMs: Math.max(1, end - performance.now()),
      label: `push of ${desired.length} files`,
      ...extra,
    });

  const inspected = await ask(["sh", "-c", inspectScript, "sh", options.guestStateDir], {
    stdin: inspectedPaths(desired.map((file) => file.path)),
  });
  const guest = guestFiles(inspected.stdout);
  let difference = pushDifference(desired, guest);
  const { unknown } = difference;
  if (unknown.length > 0) {
    const read = await ask(["sh", "-c", digestScript, "sh"], { stdin: nulEnded(unknown) });
    difference = pushDifference(desired, guest, guestDigests(read.stdout));
  }
  const touched = new Set([...difference.send, ...difference.attributes]);
  const known = unknown.filter((file) => !touched.has(file));
  if (touched.size + known.length === 0) return { changed: [], bytes: 0 };

  const realFolders = new Map<string, string>();
  const { linkedFolders } = difference;
  if (linkedFolders.length > 0 && touched.size > 0) {
    const real = await ask(["realpath", "-m", "--", ...linkedFolders], {});
    real.stdout.split("\n").forEach((path, index) => realFolders.set(linkedFolders[index] ?? "", path));
  }
  const plan = installPlan(difference, known, guest, realFolders, options.volume);
  const total = plan.members.reduce((sum, { file }) => sum + file.size, 0);
  let bytes = 0;
  const installed = await ask(
    ["bash", "-c", installScript, "bash", options.guestStateDir, randomBytes(8).toString("hex")],
    {
      stdin: installStream(plan, (count) => {
        bytes += count;
        options.onProgress?.(bytes, total);
      }),
      allowFailure: true,
    },
  );
  if (installed.exitCode === volumeUnusable) {
    // Nothing was installed: the same push once more, with everything sent.
    options.log(
      `push sends what the volume should have: ${installed.stdout.trim()} ${installed.stderr.trim()}`,
    );
    const nothing = { folder: "", digests: new Set<string>() };
    return push(run, entries, {
      ...options,
      volume: nothing,
      timeoutMs: Math.max(1, end - performance.now()),
    });
  }
  if (installed.exitCode !== 0) throw await pushFailure(installed, plan.sent);
  return { changed: desired.filter((file) => touched.has(file)).map((file) => file.path), bytes };
}

const nulEnded = (files: readonly DesiredFile[]): string => files.map((file) => `${file.path}\0`).join("");

/**
 * What a failed install script means. When the guest's digest differs, the host's file is read again to find out which is wrong:
 * the host's file (ARTIFACT_DIGEST_MISMATCH) or the way to the guest (SSH_PUSH_MISMATCH). Only a failure costs this second
 * reading; a push that succeeds is hashed once, in the guest.
 */
async function pushFailure(result: ExecResult, sent: InstallPlan["sent"]): Promise<LocalkubeError> {
  const output = result.stderr.trimEnd();
  const mismatch = /^mismatch (\d+)$/m.exec(result.stdout);
  const file = mismatch && sent[Number(mismatch[1])];
  if (!file) {
    const problem = /^problem (.*)$/m.exec(result.stdout)?.[1] ?? `exit code ${result.exitCode}`;
    return new LocalkubeError("SSH_PUSH_FAILED", { problem }, { output });
  }
  const source = file.content.kind === "file" ? file.content.file : undefined;
  const got = source === undefined ? file.sha256 : await digestOf(source);
  if (source === undefined || got === file.sha256)
    return new LocalkubeError("SSH_PUSH_MISMATCH", { path: file.path }, { output });
  return new LocalkubeError("ARTIFACT_DIGEST_MISMATCH", { path: source, wanted: file.sha256, got, source });
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    return messageOf(error);
  }
  return hash.digest("hex");
}
