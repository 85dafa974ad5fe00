import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { PassThrough } from "node:stream";
import { archiveRegistry, type NamedArchive } from "../../artifacts/image/archive-registry.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { ImageImport, Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { poll } from "../../host/poll.ts";
import type { Cri } from "../../runtimes/cri/client.ts";

export interface PullPlace extends Pick<RunContext, "signal" | "report"> {
  readonly transport: Pick<Transport, "exec" | "listen">;
  readonly runtime: Pick<Runtime, "name"> & { readonly imageImport: ImageImport };
  readonly cri: Cri;
  /** Milliseconds within which the runtime has to look here; default: 30 000. */
  readonly inForceMs?: number;
}

const pullMs = 1_700_000;
const probeMs = 10_000;

/**
 * Lets a runtime that imports by pulling pull the images of archives, under all their names, from a registry in this process that the node reaches at a
 * port of its own loopback. The runtime asks no other registry for these repositories meanwhile; afterwards, also when this process is killed, nothing
 * of that is left. Rejects with IMAGE_NOT_REDIRECTED, CRI_CALL_FAILED, SSH_LISTEN_REFUSED, or as `archiveRegistry` does.
 */
export async function pullArchives(archives: readonly NamedArchive[], place: PullPlace): Promise<void> {
  const { transport, runtime, cri, signal, report, inForceMs = 30_000 } = place;
  const { imageImport } = runtime;
  if (imageImport.by !== "pull") throw new TypeError(`${runtime.name} imports with a program`);
  report({ message: "reading the archive" });
  const registry = await archiveRegistry(archives, signal);
  const probe = `localkube-${randomUUID()}`;
  let isAsked = false;
  const server = createServer((request, response) => {
    if (request.url?.includes(probe)) isAsked = true;
    registry.handle(request, response);
  });
  const listener = await transport.listen((stream) => void server.emit("connection", stream), { signal });
  try {
    const here = `127.0.0.1:${listener.port}`;
    // Nobody serves at port 1: as long as the runtime does not look here, this is refused at once.
    const probeName = `127.0.0.1:1/${probe}`;
    const repositories = [
      ...[...registry.repositories].map(([name, path]) => ({ name, location: `${here}/${path}` })),
      { name: probeName, location: `${here}/${probe}` },
    ];
    await whileRedirected(imageImport.redirect(repositories), transport, signal, async (inner) => {
      const options = { signal: inner, timeoutMs: probeMs };
      const inForce = async () => {
        await cri
          .call("ImageService/PullImage", { image: { image: `${probeName}:none` } }, options)
          .catch(() => inner.throwIfAborted());
        return isAsked ? true : undefined;
      };
      if (!(await poll(inForce, { signal: inner, everyMs: 200, limitMs: inForceMs })))
        throw new LocalkubeError("IMAGE_NOT_REDIRECTED", { runtime: runtime.name });
      for (const ref of new Set(archives.flatMap(({ names }) => [...names.values()].flat()))) {
        report({ message: ref });
        const image = { image: { image: ref } };
        await cri.call("ImageService/PullImage", image, { signal: inner, timeoutMs: pullMs });
      }
    });
  } finally {
    await listener.close();
  }
}

type Redirection = ReturnType<Extract<Runtime["imageImport"], { by: "pull" }>["redirect"]>;

/** Runs `work` while the guest's script holds the redirection; its standard input is what tells it that somebody still wants it. */
async function whileRedirected(
  { argv, input }: Redirection,
  transport: Pick<Transport, "exec">,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stdin = new PassThrough();
  const lost = new AbortController();
  const inner = AbortSignal.any([signal, lost.signal]);
  let ready: () => void = () => undefined;
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const held = transport.exec(argv, {
    stdin,
    signal,
    timeoutMs: pullMs,
    onLine: (line) => {
      if (line === "ready") ready();
    },
  });
  // A script that ends before it should takes the work with it.
  held.then(
    () => lost.abort(new Error("the runtime no longer looks at localkube for images")),
    (error: unknown) => lost.abort(error),
  );
  stdin.write(input);
  try {
    await Promise.race([isReady, held]);
    inner.throwIfAborted();
    await work(inner);
  } finally {
    stdin.end();
    await held.catch(() => undefined);
  }
}
