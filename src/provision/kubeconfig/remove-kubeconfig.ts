import { stat } from "node:fs/promises";
import type { HostContext } from "../../contract/host.ts";
import { editKubeconfig, isMissing, unusable, type EditOptions } from "./edit-kubeconfig.ts";
import { entryKinds, type KubeconfigDocument } from "./kubeconfig-document.ts";
import { kubeconfigFiles } from "./kubeconfig-file.ts";
import { madeFileNote, previousContextNote } from "./merge-kubeconfig.ts";

/**
 * Takes a cluster's entries out of the user's kubeconfigs, by default all of `$KUBECONFIG`; entries of that name that are not ours are kept.
 * If its context was the current one, the context that was current before it is again, provided it still exists. Idempotent; a missing file is fine,
 * and so is a device, in which nothing of ours can be. Continues after a file that cannot be edited and rejects at the end with the
 * first problem, as `editKubeconfig` does.
 */
export async function removeKubeconfig(
  name: string,
  host: Pick<HostContext, "env">,
  { files = kubeconfigFiles(host), ...options }: EditOptions & { readonly files?: readonly string[] } = {},
): Promise<{ readonly changed: boolean }> {
  let changed = false;
  let failure: unknown;
  for (const file of new Set(files)) {
    try {
      const status = await stat(file).catch((problem: Error) =>
        isMissing(problem) ? undefined : unusable(file)(problem),
      );
      if (!status || (!status.isFile() && !status.isDirectory())) continue;
      if (await editKubeconfig(file, (document) => takeOut(document, name), options)) changed = true;
    } catch (problem) {
      options.signal?.throwIfAborted();
      failure ??= problem;
    }
  }
  if (failure !== undefined) throw failure;
  return { changed };
}

function takeOut(document: KubeconfigDocument, name: string): void {
  const wasOurs = document.isOurs("context", name);
  const previous = document.note(name, previousContextNote);
  const madeFile = document.note(name, madeFileNote);
  for (const kind of entryKinds) if (document.isOurs(kind, name)) document.remove(kind, name);
  if (!wasOurs) return;
  const [heir] = document.ownContexts();
  if (madeFile !== undefined && heir !== undefined) document.setNote(heir, madeFileNote, madeFile);
  document.isDisposable = madeFile !== undefined;
  // Clusters that noted this context as the previous one get its own previous context instead.
  for (const other of document.ownContexts())
    if (document.note(other, previousContextNote) === name)
      document.setNote(other, previousContextNote, previous);
  if (document.currentContext !== name) return;
  document.currentContext = previous !== undefined && document.has("context", previous) ? previous : "";
}
