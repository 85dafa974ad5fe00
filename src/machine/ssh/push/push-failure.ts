import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { ExecResult } from "../../../contract/transport.ts";
import type { InstallPlan } from "./install-plan.ts";

/**
 * What a failed install script means. When the guest's digest differs, the host's file is read again to find out which is wrong:
 * the host's file (ARTIFACT_DIGEST_MISMATCH) or the way to the guest (SSH_PUSH_MISMATCH). Only a failure costs this second
 * reading; a push that succeeds is hashed once, in the guest.
 */
export async function pushFailure(result: ExecResult, sent: InstallPlan["sent"]): Promise<LocalkubeError> {
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
    return error instanceof Error ? error.message : String(error);
  }
  return hash.digest("hex");
}
