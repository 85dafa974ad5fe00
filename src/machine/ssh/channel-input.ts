import { once } from "node:events";
import type { ClientChannel } from "ssh2";

export type ChannelInput = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/**
 * Writes all input and the end of it. Stops silently when `closed` aborts: a command that ends without reading all its input is no
 * fault. Rejects when the input itself breaks; the channel is then left open, so that its reader does not see a regular end.
 */
export async function feedChannel(
  channel: ClientChannel,
  input: ChannelInput | undefined,
  closed: AbortSignal,
): Promise<void> {
  if (input === undefined || typeof input === "string" || input instanceof Uint8Array) {
    channel.end(input);
    return;
  }
  const drained = async () => {
    // ssh2 never calls back for a write on a closed channel; without the signal this would wait for ever.
    await once(channel, "drain", { signal: closed }).catch(() => undefined);
  };
  for await (const chunk of input) {
    if (closed.aborted) return;
    if (!channel.write(chunk)) await drained();
    if (closed.aborted) return;
  }
  channel.end();
}
