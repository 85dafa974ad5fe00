import type { Transport } from "../../contract/transport.ts";
import type { Cri } from "../cri/client.ts";
import { nodeImages, removeNodeImage } from "../cri/images.ts";
import { podsOfNode } from "./ask.ts";

/** In the machine: names of the images that localkube loaded into a foreign server and that it did not have before; one per line, written before they are loaded. */
const ownImages = "/var/lib/localkube/loaded-images.list";

// $1 the list; names on standard input. Prints what the list had before.
const noteScript = `
cat "$1" 2>/dev/null
names=$(cat)
[ "$names" ] || exit 0
mkdir -p "\${1%/*}" || exit 1
printf '%s\\n' "$names" | while IFS= read -r name; do
  grep -qxF -- "$name" "$1" 2>/dev/null || printf '%s\\n' "$name" >> "$1" || exit 1
done
`;

/**
 * Notes in the machine which of the images that are about to be loaded the server does not have: those alone are ever removed again. `names` are full
 * names with a tag. Returns the names that are localkube's; the others belong to somebody, and stay as they are. Idempotent.
 */
export async function noteOwnImages(
  cri: Cri,
  transport: Pick<Transport, "exec">,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const there = new Set((await nodeImages(cri, { signal })).flatMap((image) => image.names));
  const absent = names.filter((name) => !there.has(name));
  const { stdout } = await transport.exec(["sh", "-c", noteScript, "sh", ownImages], {
    stdin: absent.map((name) => `${name}\n`).join(""),
    signal,
    timeoutMs: 60_000,
  });
  return new Set([...stdout.split("\n").filter(Boolean), ...absent]);
}

/**
 * Removes what the cluster has in a foreign server: the sandboxes of its pods with their containers, and the images that localkube loaded. What else is
 * in it stays, also an image of ours that got another name since. The kubelet must have stopped. Idempotent. Rejects as `Cri.call` does. Returns sentences about images
 * that stay.
 */
export async function giveBackServer(
  cri: Cri,
  transport: Pick<Transport, "exec">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pods = await podsOfNode(transport, signal);
  const { items } = await cri.call("RuntimeService/ListPodSandbox", {}, { signal });
  for (const { id: podSandboxId, labels } of items) {
    if (!pods.has(labels["io.kubernetes.pod.uid"] ?? "")) continue;
    await cri.call("RuntimeService/StopPodSandbox", { podSandboxId }, { signal });
    await cri.call("RuntimeService/RemovePodSandbox", { podSandboxId }, { signal });
  }
  const own = new Set(
    (await transport.exec(["sh", "-c", 'cat "$1" 2>/dev/null; true', "sh", ownImages], { signal })).stdout
      .split("\n")
      .filter(Boolean),
  );
  const remains: string[] = [];
  for (const image of await nodeImages(cri, { signal })) {
    const [first] = image.names.filter((name) => own.has(name));
    if (first === undefined) continue;
    const others = image.names.filter((name) => !own.has(name));
    if (others.length === 0) await removeNodeImage(cri, image, { signal });
    else remains.push(`the image ${first}, which is also called ${others.join(", ")}`);
  }
  return remains;
}
