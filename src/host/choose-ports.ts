import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

/**
 * Below the range from which the kernel assigns ports to outgoing connections (32768 up): a stopped machine's port must still be free
 * when it starts again.
 */
const first = 20_000;
const count = 10_000;

/**
 * A host port for each request: the requested one (`hostPort` not 0), or one that is free on 127.0.0.1 and not in `taken` (ports of
 * stopped machines). The search starts at a position derived from the name. Nothing is reserved. Rejects with DRIVER_NO_FREE_PORT.
 */
export async function choosePorts<N extends string>(
  machine: string,
  requests: readonly { readonly name: N; readonly hostPort: number }[],
  taken: ReadonlySet<number>,
): Promise<Readonly<Record<N, number>>> {
  const start = createHash("sha256").update(machine).digest().readUInt32BE(4) % count;
  const chosen: [N, number][] = [];
  let i = 0;
  for (const { name, hostPort } of requests) {
    let port = hostPort;
    while (port === 0 && i < count) {
      const candidate = first + ((start + i++) % count);
      if (!taken.has(candidate) && (await isPortFree(candidate))) port = candidate;
    }
    if (port === 0) throw new LocalkubeError("DRIVER_NO_FREE_PORT", { first, last: first + count - 1 });
    chosen.push([name, port]);
  }
  return Object.fromEntries(chosen) as Record<N, number>;
}

/** Whether it is possible to listen on that port of 127.0.0.1 right now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
