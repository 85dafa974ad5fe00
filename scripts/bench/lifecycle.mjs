import { median } from "./median.mjs";

const quietStarts = 3;

/** What a day with a cluster is made of; the cluster is gone afterwards. */
export async function lifecycle(bench) {
  await bench.cluster();
  const seconds = async (command) => (await bench.localkube([command, "-p", bench.profile])).seconds;
  const unchanged = [];
  for (let i = 0; i < quietStarts; i++) unchanged.push(await seconds("start"));
  const note = `median of ${quietStarts}`;
  return [
    { what: "start when nothing is to do", value: median(unchanged), unit: "s", aim: 1.5, note },
    { what: "stop", value: await seconds("stop"), unit: "s" },
    { what: "start again", value: await seconds("start"), unit: "s" },
    { what: "delete", value: await seconds("delete"), unit: "s" },
  ];
}
