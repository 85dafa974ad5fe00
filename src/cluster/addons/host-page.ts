import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { AddonProbe } from "../../addons/definition.ts";
import type { ChosenAddon } from "./choose.ts";
import { knownHostNames } from "./host-names.ts";
import type { LiveCluster } from "./live-cluster.ts";

const page = "a page of the computer that localkube runs on\n";

/**
 * Serves a page on this computer while `work` runs, if the probe wants one, at an address that only it knows: `work` gets that, empty without a page. It listens only where the machine
 * reaches this computer. Rejects with ADDON_HOST_UNKNOWN, with why nobody can listen there, or as `work`.
 */
export async function withHostPage<T>(
  probe: AddonProbe,
  chosen: ChosenAddon,
  live: Pick<LiveCluster, "seenHost">,
  signal: AbortSignal,
  work: (hostPage: string) => Promise<T>,
): Promise<T> {
  if (probe.type !== "objects" || probe.hostPage === undefined) return work("");
  const names = await knownHostNames(chosen, () => live.seenHost(signal));
  const found = names.find(({ name }) => name === probe.hostPage);
  if (!found) throw new TypeError(`the addon brings no name ${probe.hostPage}`); // its definition was checked
  const path = `/${randomBytes(16).toString("hex")}`;
  const server = createServer(({ url }, answer) => {
    if (url === path) answer.writeHead(200, { "content-type": "text/plain" }).end(page);
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, found.at.listen, resolve);
  });
  try {
    const { port } = server.address() as AddressInfo;
    return await work(`http://${found.name}:${port}${path}`);
  } finally {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
}
