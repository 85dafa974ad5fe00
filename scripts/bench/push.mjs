import { join } from "node:path";
import { scpArgv, writeKnownHosts } from "../../src/machine/ssh/openssh.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { median } from "./median.mjs";
import { run } from "./run.mjs";

const rounds = 3;
const [pushed, copied] = ["/var/lib/bench/pushed", "/var/lib/bench/copied"];

/** The node's binaries and images into a bare machine: our push and scp in turn, connecting included, then our push once more. */
export async function push(bench) {
  const { endpoint, transport } = await bench.bareMachine();
  const { signal, home } = bench;
  const { programs, images } = await bench.artifacts();
  const files = Object.values({ ...programs, ...images });
  const entries = files.map(({ file, sha256, size }, index) => ({
    path: `${pushed}/${index}`,
    mode: 0o755,
    source: { kind: "file", file, sha256, size },
  }));
  const knownHostsFile = join(home, "bare/known_hosts");
  await writeKnownHosts(knownHostsFile, endpoint);
  const scp = scpArgv(endpoint, {
    knownHostsFile,
    from: { local: files[0].file },
    to: { remote: `${copied}/` },
  });
  const sources = files.map(({ file }) => file);
  const clear = () => transport.exec(["rm", "-rf", "--", pushed, copied], { signal });

  const times = { push: [], scp: [], again: [] };
  let again;
  for (let round = 0; round < rounds; round++) {
    await clear();
    times.push.push((await ourPush(endpoint, entries, signal)).seconds);
    await transport.exec(["mkdir", "-p", copied], { signal });
    times.scp.push(
      (await run([...scp.slice(0, -2), ...sources, scp.at(-1)], { signal, env: bench.env })).seconds,
    );
    again = await ourPush(endpoint, entries, signal);
    times.again.push(again.seconds);
  }
  await clear();
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const pairs = times.push.map((seconds, round) => seconds / times.scp[round]);
  const note = `${files.length} files, ${(size / 2 ** 20).toFixed(0)} MiB, median of ${rounds} rounds`;
  return [
    {
      what: "push",
      value: median(times.push),
      unit: "s",
      ratio: { to: "scp", value: median(pairs), aim: 1 },
      note,
    },
    { what: "scp", value: median(times.scp), unit: "s", note: "checks no digests" },
    { what: "second push", value: median(times.again), unit: "s" },
    { what: "content sent by it", value: again.bytes, unit: "bytes", aim: 0 },
  ];
}

async function ourPush(endpoint, entries, signal) {
  const begun = performance.now();
  const transport = await connect(endpoint, { signal, timeoutMs: 20_000, log: () => undefined });
  try {
    const { bytes } = await transport.push(entries, { signal });
    return { bytes, seconds: (performance.now() - begun) / 1000 };
  } finally {
    await transport.close();
  }
}
