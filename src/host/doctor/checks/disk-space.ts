import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HostContext } from "../../../contract/host.ts";
import { fail, ok, warn, type CheckResult, type HostCheck } from "../host-check.ts";

interface Place {
  readonly name: string;
  readonly folder: string;
  /** With less, `start` cannot succeed. */
  readonly leastGiB: number;
  /** With less, a first start that builds the Debian artifacts may run out of space. */
  readonly comfortableGiB: number;
}

export const diskSpace: HostCheck = {
  id: "disk-space",
  title: "Disk space",
  async run(host) {
    const found = await Promise.all(
      places(host).map(async (place) => ({ ...place, freeGiB: await freeGiB(place.folder) })),
    );
    return judgeSpace(found);
  },
};

export function judgeSpace(found: readonly (Place & { readonly freeGiB: number })[]): CheckResult {
  const round = (gibibytes: number) => gibibytes.toFixed(1);
  const tell = (some: typeof found) =>
    some
      .map(({ name, folder, freeGiB: free }) => `${round(free)} GiB free for ${name} (${folder})`)
      .join(", ");
  const short = found.filter(({ freeGiB: free, leastGiB }) => free < leastGiB);
  const [first] = short;
  if (first)
    return fail(
      tell(short),
      `Free ${round(first.leastGiB - first.freeGiB)} GiB on the disk of ${first.folder}`,
    );
  const tight = found.filter(({ freeGiB: free, comfortableGiB }) => free < comfortableGiB);
  const [next] = tight;
  if (next)
    return warn(
      tell(tight),
      `Free ${round(next.comfortableGiB - next.freeGiB)} GiB on the disk of ${next.folder}`,
    );
  return ok(tell(found));
}

function places(host: HostContext): readonly Place[] {
  const home = host.env["HOME"] ?? "/root";
  const data = host.env["XDG_DATA_HOME"] || join(home, ".local", "share");
  const containers = host.isRoot ? "/var/lib/containers" : join(data, "containers");
  return [
    { name: "the cache", folder: host.cacheDir, leastGiB: 3, comfortableGiB: 8 },
    { name: "the state", folder: host.stateDir, leastGiB: 0.1, comfortableGiB: 0.5 },
    { name: "containers", folder: containers, leastGiB: 3, comfortableGiB: 6 },
  ];
}

/** Of the nearest existing folder: on a fresh host none of ours exists. */
async function freeGiB(folder: string): Promise<number> {
  const status = await statfs(folder).catch(() => undefined);
  if (status) return (status.bavail * status.bsize) / 2 ** 30;
  return dirname(folder) === folder ? 0 : freeGiB(dirname(folder));
}
