import { readFile } from "node:fs/promises";
import { choosePorts, isPortFree } from "../../host/choose-ports.ts";
import { clusterPaths } from "../../state/paths.ts";
import { writePrivateFile } from "../../state/private-file.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** Below it only root may listen, on most hosts. */
const firstOpenPort = 1024;

/** Which port of 127.0.0.1 leads to a Service, kept between calls so that bookmarks stay right. */
export class LocalPorts {
  readonly #context: UseCaseContext;
  readonly #file: string;
  readonly #name: string;
  readonly #taken = new Set<number>();

  constructor(context: UseCaseContext, name: string) {
    this.#context = context;
    this.#name = name;
    this.#file = clusterPaths(context.host, name).servicePorts;
  }

  /** The last one, the Service's own where a user may listen on it, or another, in this order, whichever is free. */
  async portFor(place: string, own: number): Promise<number> {
    const known = await this.#read();
    const last = known[place];
    const wishes = [...(last === undefined ? [] : [last]), ...(own >= firstOpenPort ? [own] : [])];
    let port = 0;
    for (const wish of wishes)
      if (port === 0 && !this.#taken.has(wish) && (await isPortFree(wish))) port = wish;
    if (port === 0) {
      const others = new Set([...this.#taken, ...Object.values(known)]);
      const request = [{ name: "service", hostPort: 0 }] as const;
      port = (await choosePorts(`${this.#name} ${place}`, request, others)).service;
    }
    this.#taken.add(port);
    if (port !== last) await writePrivateFile(this.#file, `${JSON.stringify({ ...known, [place]: port })}\n`);
    return port;
  }

  async #read(): Promise<Readonly<Record<string, number>>> {
    try {
      return JSON.parse(await readFile(this.#file, "utf8")) as Readonly<Record<string, number>>;
    } catch (error) {
      // Nothing but convenience is lost.
      this.#context.log(`no remembered ports: ${String(error)}`);
      return {};
    }
  }
}
