import { parseArgs } from "node:util";

export const partNames = [
  "cli",
  "floor",
  "push",
  "start",
  "memory",
  "lifecycle",
  "runtimes",
  "addons",
  "qemu",
];
/** They take minutes: `qemu` ten where there is no hardware virtualisation. */
const onlyByName = ["runtimes", "addons", "qemu"];

const usage = `npm run bench -- [PART …] [--output text|json]

Parts: ${partNames.join(" ")} (all but ${onlyByName.join(", ")} when none is named)`;

/** Parts to run and form of the result; ends the process with the usage for --help (0) and for what it does not know (2). */
export function readOptions(argv) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o", default: "text" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return wrong(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const unknown = positionals.find((name) => !partNames.includes(name));
  if (unknown) return wrong(`there is no part '${unknown}'`);
  if (!["text", "json"].includes(values.output))
    return wrong(`--output is text or json, not '${values.output}'`);
  return {
    output: values.output,
    parts: positionals.length ? positionals : partNames.filter((name) => !onlyByName.includes(name)),
  };
}

function wrong(problem) {
  console.error(`bench: ${problem}\n\n${usage}`);
  process.exit(2);
}
