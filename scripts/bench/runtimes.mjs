import { listRuntimes } from "../../src/cluster/runtime/list.ts";
import { median } from "./median.mjs";
import { startCluster } from "./start.mjs";

const rounds = 3;

/** From nothing to 'pod resolves DNS' with each runtime that Debian's artifacts can bring, in turns; what counts is the ratio to the default one. */
export async function runtimes(bench) {
  const wanted = { kubernetesVersion: "", artifacts: "debian", mirror: "" };
  const { runtimes: listed } = await listRuntimes(wanted, bench);
  const names = listed.filter(({ problem }) => problem === undefined).map(({ name }) => name);
  const [first, ...others] = names;
  const wishes = (name) => ["--driver", "podman", "--runtime", name];
  for (const name of names)
    await bench.localkube([
      ...["start", "--download-only", "--artifacts", "debian", "--yes"],
      ...wishes(name),
    ]);
  const totals = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      const one = { ...bench, profile: `${bench.profile}-${name}` };
      totals.get(name).push((await startCluster(one, wishes(name))).total);
      await one.localkube(["delete", "-p", one.profile]);
    }
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
