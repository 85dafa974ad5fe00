import { addonByName } from "../../addons/catalogue.ts";
import type { Addon } from "../../addons/definition.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { openCluster } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { forward } from "../machine/forward.ts";
import { knownAddons } from "./known-addons.ts";

export { openBrowser } from "../../host/open-browser.ts";

export interface OpenedAddon {
  readonly name: string;
  readonly addon: string;
  /** On 127.0.0.1 of this host. */
  readonly url: string;
}

/**
 * Makes what an addon shows to browsers reachable on this host until the signal aborts; `onOpen` is called once connections are accepted. Rejects with CLUSTER_UNKNOWN, ADDON_UNKNOWN,
 * ADDON_NOT_ENABLED, ADDON_NOTHING_TO_OPEN, or as `forward` does.
 */
export async function openAddon(
  name: string,
  addon: string,
  context: UseCaseContext,
  onOpen: (opened: OpenedAddon) => Promise<void>,
): Promise<void> {
  const { record, paths } = await openCluster(name, context);
  const { addon: found } = addonByName(addon, await knownAddons(paths.addons, [addon]));
  const { open, namespace } = found;
  if (!open) throw new LocalkubeError("ADDON_NOTHING_TO_OPEN", { addon });
  if (!(addon in record.spec.addons)) throw new LocalkubeError("ADDON_NOT_ENABLED", { addon, name });
  const request = { name, namespace, target: `${open.service}:${open.port}`, localPort: 0 };
  let telling: Promise<void> | undefined;
  await forward(request, context, ({ port }) => {
    telling = onOpen({ name, addon, url: urlOf(open, port) });
  });
  await telling;
}

/** Pure. */
export function urlOf({ port, path }: NonNullable<Addon["open"]>, localPort: number): string {
  const scheme = [443, 8443, "https"].includes(port) ? "https" : "http";
  return new URL(path, `${scheme}://127.0.0.1:${localPort}`).href;
}
