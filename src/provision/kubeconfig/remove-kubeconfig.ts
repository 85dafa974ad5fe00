import { access } from "node:fs/promises";
import type { HostContext } from "../../contract/host.ts";
import { editKubeconfig, type EditOptions } from "./edit-kubeconfig.ts";
import { entryKinds, type KubeconfigDocument } from "./kubeconfig-document.ts";
import { kubeconfigFile } from "./kubeconfig-file.ts";
import { previousContextNote } from "./merge-kubeconfig.ts";

/**
 * Takes a cluster's entries out of the user's kubeconfig; entries of that name that are not ours stay. If its context was the current
 * one, the context that was current before it is again, provided it is still there. Idempotent; a missing file is fine.
 */
export async function removeKubeconfig(
  name: string,
  host: Pick<HostContext, "env">,
  { file = kubeconfigFile(host), ...options }: EditOptions & { readonly file?: string } = {},
): Promise<{ readonly changed: boolean }> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return { changed: false };
  return { changed: await editKubeconfig(file, (document) => takeOut(document, name), options) };
}

function takeOut(document: KubeconfigDocument, name: string): void {
  const wasOurs = document.isOurs("context", name);
  const previous = document.note(name, previousContextNote);
  for (const kind of entryKinds) if (document.isOurs(kind, name)) document.remove(kind, name);
  if (!wasOurs) return;
  // Whoever would go back to this context goes back to where it would have gone.
  for (const other of document.ownContexts())
    if (document.note(other, previousContextNote) === name)
      document.setNote(other, previousContextNote, previous);
  if (document.currentContext !== name) return;
  document.currentContext = previous !== undefined && document.has("context", previous) ? previous : "";
}
