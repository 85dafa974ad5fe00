import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { notPlainFile } from "../../host/user-file.ts";
import type { HostContext } from "../../contract/host.ts";
import { assertEditable, editKubeconfig, readKubeconfig, type EditOptions } from "./edit-kubeconfig.ts";
import { entryKinds, KubeconfigDocument } from "./kubeconfig-document.ts";
import { kubeconfigEntries, type KubeconfigInput } from "./kubeconfig-entries.ts";
import { kubeconfigFile, kubeconfigFiles } from "./kubeconfig-file.ts";

/** Note in our context: what was current before us, restored when the cluster is deleted. */
export const previousContextNote = "previous-context";

/** Note in our context: the file was created for it, and is removed when nothing is left in it. */
export const madeFileNote = "made-this-file";

export interface MergeResult {
  /** The file our entries are in. */
  readonly file: string;
  readonly changed: boolean;
}

/**
 * Adds a cluster's entries to the user's kubeconfig, or updates them, and makes its context the current one unless
 * `keepContext`. Other entries, comments and order are kept. Idempotent. Rejects with KUBECONFIG_NAME_TAKEN when an entry of that name is
 * not ours, and as `editKubeconfig` does; the file is untouched then. Record the file before: `$KUBECONFIG` may be another one by the
 * time of removal, and a killed call may have written it.
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
    if (document.isNew) document.setNote(input.name, madeFileNote, "true");
    if (input.keepContext || document.currentContext === input.name) return;
    document.setNote(input.name, previousContextNote, document.currentContext || undefined);
    document.currentContext = input.name;
  };
  return { file, changed: await editKubeconfig(file, edit, options) };
}

/**
 * Finds out, before anything is created, whether `mergeKubeconfig` could work: rejects as it would, except for the lock. An entry
 * of that name in any other file of `$KUBECONFIG` counts too, because ours would hide it. Read-only.
 */
export async function checkKubeconfig(name: string, host: Pick<HostContext, "env">): Promise<void> {
  const [first, ...others] = kubeconfigFiles(host);
  assertNotForeign(new KubeconfigDocument(first, await readKubeconfig(first)), name, first);
  await assertEditable(first);
  for (const file of others) {
    // A pipe can be read only once: that is left to kubectl.
    if ((await notPlainFile(file)) !== undefined) continue;
    assertNotForeign(new KubeconfigDocument(file, await readKubeconfig(file)), name, file);
  }
}

/** A kubeconfig with only this cluster, for the profile's own folder. */
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
