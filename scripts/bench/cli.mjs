import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { median } from "./median.mjs";
import { run } from "./run.mjs";

const rounds = 25;
const warmUps = 2;
// bash asks the kernel for the time of what it waited for: milliseconds, where /usr/bin/time tells hundredths.
const timed = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';

/** Short commands against a bare Node of the same binary, in turn, so that a machine that slows down slows all of them. */
export async function cli(bench) {
  const { home, env, signal, launcher } = bench;
  const empty = join(home, "empty.js");
  await writeFile(empty, "");
  const commands = [
    { what: "bare node", argv: [empty] },
    { what: "localkube --version", argv: [launcher, "--version"], aim: 1.2 },
    { what: "localkube --help", argv: [launcher, "--help"] },
    { what: "localkube config view", argv: [launcher, "config", "view"], aim: 2 },
  ].map((command) => ({ ...command, wall: [], cpu: [] }));
  for (let round = -warmUps; round < rounds; round++) {
    for (const { argv, wall, cpu } of commands) {
      const { stderr } = await run(["bash", "-c", timed, "bash", process.execPath, ...argv], { env, signal });
      const [real, user, system] = stderr.trim().split(" ").map(Number);
      if (round < 0) continue;
      wall.push(real * 1000);
      cpu.push((user + system) * 1000);
    }
  }
  const [bare] = commands;
  const against = (kind, numbers) => median(numbers.map((value, round) => value / bare[kind][round]));
  return commands.flatMap(({ what, aim, wall, cpu }) => [
    {
      what,
      value: median(wall),
      unit: "ms",
      ...(wall === bare.wall ? {} : { ratio: { to: "bare node", value: against("wall", wall), aim } }),
      note: `least ${Math.min(...wall).toFixed(1)} ms, median of ${rounds}`,
    },
    {
      what: "processor time",
      value: median(cpu),
      unit: "ms",
      indent: 1,
      ...(wall === bare.wall ? {} : { ratio: { to: "bare node", value: against("cpu", cpu), aim } }),
      note: `least ${Math.min(...cpu).toFixed(1)} ms`,
    },
  ]);
}
