import { readFile } from "node:fs/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { notPlainFile } from "../../host/user-file.ts";
import { parseNetworkFile } from "./parse-network-file.ts";
import type { PodNetwork } from "./pod-network.ts";

/** The network that `--cni` names. Rejects with CNI_FILE_UNREADABLE or CNI_FILE_INVALID. Read-only. */
export async function loadPodNetwork(cni: string): Promise<PodNetwork> {
  if (cni === "bridge" || cni === "none") return { kind: cni };
  // It is read again at each start: what a pipe gives would be gone.
  const kind = await notPlainFile(cni);
  if (kind !== undefined) throw new LocalkubeError("CNI_FILE_UNREADABLE", { value: cni, problem: kind });
  let text: string;
  try {
    text = await readFile(cni, "utf8");
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new LocalkubeError("CNI_FILE_UNREADABLE", { value: cni, problem }, { cause });
  }
  return parseNetworkFile(cni, text);
}
