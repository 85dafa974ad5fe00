import type { Change, Hello, SwitchRequest } from "../rows.ts";
import type { Store } from "./store.ts";

/** Keeps the store as the server's board is; the browser connects again by itself. */
export function follow(store: Store): void {
  const source = new EventSource("rows");
  source.addEventListener("hello", ({ data }: MessageEvent<string>) =>
    store.hello(JSON.parse(data) as Hello),
  );
  source.addEventListener("changes", ({ data }: MessageEvent<string>) =>
    store.change(JSON.parse(data) as Change[]),
  );
  source.addEventListener("error", () => store.lost());
}

export interface LogPlace {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogReader {
  readonly line: (text: string) => void;
  readonly note: (text: string) => void;
}

/** Reads a container's log until the returned function is called. */
export function followLog(place: LogPlace, { line, note }: LogReader): () => void {
  const source = new EventSource(`log?${new URLSearchParams({ ...place }).toString()}`);
  const heard = (told: (text: string) => void) => (event: MessageEvent<string>) =>
    told(JSON.parse(event.data) as string);
  source.addEventListener("line", heard(line));
  source.addEventListener("note", heard(note));
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    // A second try would bring the same lines again.
    source.close();
    note("The connection is lost.");
  });
  return () => source.close();
}

/** Asks for an addon to be enabled or disabled; how it goes comes with the rows. Resolves with what kept the server from beginning, if anything. */
export async function switchAddon(request: SwitchRequest): Promise<string | undefined> {
  try {
    const answer = await fetch("addons", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    return answer.ok ? undefined : await answer.text();
  } catch {
    return "localkube dashboard does not answer.";
  }
}
