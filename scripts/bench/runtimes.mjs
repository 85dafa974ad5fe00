import { listRuntimes } from "../../src/cluster/runtime/list.ts";
import { hostWithServer } from "./foreign-server.mjs";
import { median } from "./median.mjs";
import { startCluster } from "./start.mjs";

const rounds = 3;

/**
 * From nothing to 'pod resolves DNS', in turns: with each runtime that Debian's artifacts can bring in a podman machine, then on an existing host with a
 * runtime of ours and with a CRI server that it has already. What counts are the ratios to the first of each.
 */
export async function runtimes(bench) {
  const wanted = { kubernetesVersion: "", artifacts: "debian", mirror: "" };
  const { runtimes: listed } = await listRuntimes(wanted, bench);
  const names = listed.filter(({ problem }) => problem === undefined).map(({ name }) => name);
  const ways = Object.fromEntries(names.map((name) => [name, ["--driver", "podman", "--runtime", name]]));
  for (const wishes of Object.values(ways))
    await bench.localkube(["start", "--download-only", "--artifacts", "debian", "--yes", ...wishes]);
  const { own, foreign } = await hostWithServer(bench);
  return [
    ...(await compared(bench, ways)),
    ...(await compared(bench, { [`${names[0]} on an existing host`]: own, "a CRI socket there": foreign })),
  ];
}

/** `ways`: what `start` is told, by name. */
async function compared(bench, ways) {
  const names = Object.keys(ways);
  const totals = new Map(names.map((name) => [name, []]));
  const one = { ...bench, profile: `${bench.profile}-runtime` };
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      totals.get(name).push((await startCluster(one, ways[name])).total);
      await one.localkube(["delete", "-p", one.profile]);
    }
  const [first, ...others] = names;
  const ofFirst = totals.get(first);
  const row = (name) => ({ value: median(totals.get(name)), unit: "s", note: `median of ${rounds}` });
  return [
    { what: `start to 'pod resolves DNS', ${first}`, ...row(first) },
    ...others.map((name) => {
      const ratios = totals.get(name).map((seconds, round) => seconds / ofFirst[round]);
      return { what: `the same, ${name}`, ...row(name), ratio: { to: first, value: median(ratios) } };
    }),
  ];
}
