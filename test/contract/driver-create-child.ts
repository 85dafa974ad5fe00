// Makes a machine from the spec on standard input and is killed (-9) right after the command whose argv holds the given words; without
// words it goes to its end. It prints a line when it begins.
import { text } from "node:stream/consumers";
import type { MachineSpec } from "../../src/contract/driver.ts";
import type { RunCommand } from "../../src/contract/host.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { loadDriver } from "../../src/machine/driver-registry.ts";

const [, , driverName = "", words = ""] = process.argv;
const real = hostContext();
const run: RunCommand = async (argv, options) => {
  const result = await real.run(argv, options);
  if (words !== "" && argv.join(" ").includes(words)) process.kill(process.pid, "SIGKILL");
  return result;
};
const host = { ...real, run };
const spec = JSON.parse(await text(process.stdin)) as MachineSpec;
const driver = (await loadDriver(driverName)).open(host);
process.stdout.write("begins\n");
await driver.create(spec, {
  host,
  signal: AbortSignal.timeout(60_000),
  report: () => undefined,
  log: () => undefined,
});
