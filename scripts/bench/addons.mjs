import { setTimeout as sleep } from "node:timers/promises";
import { median } from "./median.mjs";

const rounds = 3;
const settleMs = 20_000;
const mebibyte = 1024 ** 2;

/**
 * `start` without addons, as it is, and with two of them, in turns; then in one cluster every addon that its artifacts have, one after the other: from cached images until it was seen to
 * work, what its pods use when they are idle, and until nothing of it is left.
 */
export async function addons(bench) {
  const one = { ...bench, profile: `${bench.profile}-addons` };
  bench.undo.push(() => one.localkube(["delete", "-p", one.profile], { signal: undefined }));
  return [...(await starts(one)), ...(await enabling(one))];
}

async function starts({ localkube, profile }) {
  const ways = {
    "start --addons none": ["--addons", "none"],
    "start, with storage": [],
    "start --addons storage,metrics": ["--addons", "storage,metrics"],
  };
  const seconds = new Map(Object.keys(ways).map((what) => [what, []]));
  for (let round = 0; round < rounds; round++)
    for (const [what, flags] of Object.entries(ways)) {
      const argv = ["start", "-p", profile, "--driver", "podman", "--artifacts", "debian", ...flags];
      seconds.get(what).push((await localkube(argv)).seconds);
      await localkube(["delete", "-p", profile]);
    }
  const [first, ...others] = seconds.keys();
  const row = (what) => ({ what, value: median(seconds.get(what)), unit: "s", note: `median of ${rounds}` });
  return [
    row(first),
    ...others.map((what) => {
      const ratios = seconds.get(what).map((value, round) => value / seconds.get(first)[round]);
      return { ...row(what), ratio: { to: first, value: median(ratios) } };
    }),
  ];
}

async function enabling(bench) {
  const { localkube, profile } = bench;
  const driver = ["--driver", "podman", "--artifacts", "debian"];
  await localkube(["start", "-p", profile, ...driver, "--addons", "none"]);
  const { stdout } = await localkube(["addons", "list", "-p", profile, "--output", "json"]);
  const all = JSON.parse(stdout).addons.filter(({ name, version }) => version && name !== "dns");
  const names = inOrder(all);
  // Making an image of Debian's packages, and loading it into the node, is once for ever and once a cluster: neither is timed.
  const set = await loadBalancerAddresses(bench);
  for (const name of names) await localkube(["addons", "enable", name, "-p", profile, ...set(name)], long);
  for (const name of names.toReversed())
    await localkube(["addons", "disable", name, "-p", profile, "--purge"], long);
  const rows = [];
  for (const name of names) {
    const argv = ["addons", "enable", name, "-p", profile, ...set(name)];
    rows.push({ what: `enable ${name}`, value: (await localkube(argv, long)).seconds, unit: "s" });
  }
  await sleep(settleMs, undefined, { signal: bench.signal });
  const used = await memoryOfPods(bench);
  for (const row of rows) {
    const name = row.what.split(" ").at(-1);
    row.note = `its pods: ${((used.get(`localkube-${name}`) ?? 0) / mebibyte).toFixed(0)} MiB`;
  }
  for (const name of names.toReversed()) {
    const argv = ["addons", "disable", name, "-p", profile, "--purge"];
    rows.push({ what: `disable ${name}`, value: (await localkube(argv, long)).seconds, unit: "s" });
  }
  await localkube(["delete", "-p", profile]);
  return rows;
}

const long = { timeoutMs: 900_000 };

/** Each after what it needs, which would be enabled and timed with it. */
function inOrder(all) {
  const names = [];
  const add = (name) => {
    if (names.includes(name)) return;
    const found = all.find((one) => one.name === name);
    for (const need of found.needs) add(need);
    names.push(name);
  };
  for (const { name } of all) add(name);
  return names;
}

/** The only setting that has to be given: free addresses of the machine's network. */
async function loadBalancerAddresses({ localkube, profile }) {
  const network = (await localkube(["ip", "-p", profile])).stdout.trim().replace(/\d+$/, "");
  const addresses = `load-balancer.addresses=${network}200-${network}210`;
  return (name) => (name === "load-balancer" ? ["--set", addresses] : []);
}

/** Bytes of memory that the pods of each namespace use and that cannot be taken from them, as the kubelet tells. */
async function memoryOfPods({ localkube, profile }) {
  const kubectl = (...args) => localkube(["kubectl", "-p", profile, "--", ...args]);
  const { stdout: node } = await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
  const { stdout } = await kubectl("get", "--raw", `/api/v1/nodes/${node.trim()}/proxy/stats/summary`);
  const used = new Map();
  for (const { podRef, memory } of JSON.parse(stdout).pods)
    used.set(podRef.namespace, (used.get(podRef.namespace) ?? 0) + (memory?.workingSetBytes ?? 0));
  return used;
}
