import type { ServerResponse } from "node:http";

/** So that what lies between (there should be nothing) keeps the connection, and one that is gone is noticed. */
const beatMs = 15_000;
/** A browser that does not read is sent nothing more. */
const mostWaitingBytes = 16 * 1024 * 1024;

export interface EventStream {
  send(event: string, data: unknown): void;
  /** Aborted when the browser has gone. */
  readonly closed: AbortSignal;
  end(): void;
}

/** Answers with Server-Sent Events. */
export function eventStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): EventStream {
  const closed = new AbortController();
  response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
  response.write("retry: 1000\n\n");
  const beat = setInterval(() => response.write(":\n\n"), beatMs);
  response.on("close", () => {
    clearInterval(beat);
    closed.abort();
  });
  return {
    send(event, data) {
      if (closed.signal.aborted) return;
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (response.writableLength > mostWaitingBytes) response.destroy();
    },
    closed: closed.signal,
    end: () => void response.end(),
  };
}
