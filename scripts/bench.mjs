// `npm run bench`: times the built program on a real podman machine with warm caches; see docs/benchmarks.md.
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";
import { cleanUp } from "./bench/clean-up.mjs";
import { readOptions } from "./bench/options.mjs";
import { refusal } from "./bench/refusal.mjs";

const stop = new AbortController();
const options = readOptions(process.argv.slice(2));
const problem = refusal();
if (problem) fail(problem);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    if (!stop.signal.aborted) console.error(`\n${signal}: removing what the benchmark made`);
    stop.abort(new Error(`ended by ${signal}`));
  });

// Only now: the parts import the product's TypeScript, which an older Node cannot read.
const { openBench } = await import("./bench/bench.mjs");
const { parts } = await import("./bench/parts.mjs");
const { report } = await import("./bench/report.mjs");
const bench = await openBench(stop.signal);
const rows = [];
const loads = { before: loadavg()[0] };
let failure;
try {
  await bench.prepare(options.parts);
  for (const name of Object.keys(parts).filter((part) => options.parts.includes(part))) {
    stop.signal.throwIfAborted();
    console.error(`${name} …`);
    const measured = await parts[name](bench);
    rows.push(...measured.map((row) => ({ part: name, ...row })));
  }
} catch (error) {
  failure = error;
}
loads.after = loadavg()[0];
const remains = await cleanUp(bench);

const host = {
  cpus: cpus().length,
  model: cpus()[0]?.model ?? "",
  kernel: release(),
  node: process.version,
  podman: execFileSync("podman", ["--version"], { encoding: "utf8" }).trim(),
  load: loads,
};
if (rows.length) console.log(report({ at: new Date().toISOString(), host, rows }, options.output));
if (remains) console.error(`Could not remove: ${remains}`);
if (failure) fail(failure instanceof Error ? failure.message : String(failure));
process.exit(stop.signal.aborted ? 130 : remains ? 1 : 0);

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(stop.signal.aborted ? 130 : 1);
}
