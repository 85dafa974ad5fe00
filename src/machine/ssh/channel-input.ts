import type { ClientChannel } from "ssh2";

export type ChannelInput = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/**
 * Writes all input and the end of it. Stops silently when `closed` aborts: a command that ends without reading all its input is not
 * an error. Rejects when the input itself breaks; the channel is then left open, so that its reader does not see a regular end.
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
  for await (const chunk of input) {
    if (closed.aborted) return;
    // Waits until the chunk has become packets, not only until there is room: sources may use their buffer again.
    await written(channel, chunk, closed);
    if (closed.aborted) return;
  }
  channel.end();
}

function written(channel: ClientChannel, chunk: Uint8Array | string, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      closed.removeEventListener("abort", done);
      resolve();
    };
    // ssh2 never calls back for a write on a closed channel; without the signal this would wait for ever.
    closed.addEventListener("abort", done, { once: true });
    channel.write(chunk, done);
  });
}

/** The same input after a prefix of ours; the channel's own end is unchanged. */
export function withPreamble(preamble: string, input: ChannelInput | undefined): ChannelInput | undefined {
  if (preamble === "") return input;
  if (input === undefined || typeof input === "string") return preamble + (input ?? "");
  if (input instanceof Uint8Array) return Buffer.concat([Buffer.from(preamble), input]);
  return after(preamble, input);
}

async function* after(
  preamble: string,
  input: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string> {
  yield preamble;
  yield* input;
}
