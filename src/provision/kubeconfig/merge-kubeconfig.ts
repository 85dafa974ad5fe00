import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { editKubeconfig, readKubeconfig, type EditOptions } from "./edit-kubeconfig.ts";
import { entryKinds, KubeconfigDocument } from "./kubeconfig-document.ts";
import { kubeconfigEntries, type KubeconfigInput } from "./kubeconfig-entries.ts";
import { kubeconfigFile } from "./kubeconfig-file.ts";

/** Note in our context: what was current before us, restored when the cluster is deleted. */
export const previousContextNote = "previous-context";

export interface MergeResult {
  /** The file our entries are in; record it, `$KUBECONFIG` may be another one by the time of removal. */
  readonly file: string;
  readonly changed: boolean;
}

/**
 * Puts a cluster's entries into the user's kubeconfig, or brings them up to date, and makes its context the current one unless
 * `keepContext`. Foreign entries, comments and order stay. Idempotent. Rejects with KUBECONFIG_NAME_TAKEN when an entry of that name is
 * not ours, KUBECONFIG_MALFORMED, KUBECONFIG_LOCKED or KUBECONFIG_UNUSABLE; the file is untouched then.
 */
export async function mergeKubeconfig(
  input: KubeconfigInput & { readonly keepContext: boolean },
  host: Pick<HostContext, "env">,
  { file = kubeconfigFile(host), ...options }: EditOptions & { readonly file?: string } = {},
): Promise<MergeResult> {
  const entries = await kubeconfigEntries(input);
  const edit = (document: KubeconfigDocument) => {
    assertNotForeign(document, input.name, file);
    for (const kind of entryKinds) document.put(kind, input.name, entries[kind]);
    if (input.keepContext || document.currentContext === input.name) return;
    document.setNote(input.name, previousContextNote, document.currentContext || undefined);
    document.currentContext = input.name;
  };
  return { file, changed: await editKubeconfig(file, edit, options) };
}

/**
 * Tells before anything is made whether `mergeKubeconfig` could work: rejects as it would, but for the lock. Read-only.
 */
export async function checkKubeconfig(name: string, host: Pick<HostContext, "env">): Promise<void> {
  const file = kubeconfigFile(host);
  assertNotForeign(new KubeconfigDocument(file, (await readKubeconfig(file)) ?? ""), name, file);
}

/** A kubeconfig of nothing but this cluster, for the profile's own folder. */
export async function kubeconfigText(input: KubeconfigInput): Promise<string> {
  const entries = await kubeconfigEntries(input);
  const document = new KubeconfigDocument("", "");
  for (const kind of entryKinds) document.put(kind, input.name, entries[kind]);
  document.currentContext = input.name;
  return document.toString();
}

function assertNotForeign(document: KubeconfigDocument, name: string, file: string): void {
  const kind = entryKinds.find((each) => document.has(each, name) && !document.isOurs(each, name));
  if (kind) throw new LocalkubeError("KUBECONFIG_NAME_TAKEN", { file, kind, name });
}
