// Writes docs/commands.md and test/cli/command-snapshot.json from oclif.manifest.json. With --check it only compares.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as prettier from "prettier";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What scripts of users depend on: names, types, values, defaults, exit codes. Not the wording of help. */
export function commandSnapshot(manifest) {
  return sorted(manifest.commands).map(([id, command]) => ({
    command: id.replaceAll(":", " "),
    args: Object.values(command.args).map((arg) => ({
      name: arg.name,
      required: arg.required ?? false,
      ...(arg.options ? { options: arg.options } : {}),
    })),
    strict: command.strict ?? true,
    exits: Object.keys(command.exits ?? {}).map(Number),
    flags: Object.fromEntries(sorted(command.flags).map(([name, flag]) => [name, flagText(flag)])),
  }));
}

function flagText(flag) {
  const parts = [flag.type === "boolean" ? (flag.allowNo ? "switch or --no-" : "switch") : "value"];
  if (flag.char) parts.push(`-${flag.char}`);
  if (flag.multiple) parts.push("repeatable");
  if (flag.required) parts.push("required");
  const values = flag.options ?? flag.choices;
  if (values) parts.push(values.join("|"));
  if (flag.default !== undefined) parts.push(`default ${JSON.stringify(flag.default)}`);
  return parts.join(", ");
}

export function commandDocs(manifest) {
  const commands = sorted(manifest.commands).filter(([, command]) => !command.hidden);
  const globals = Object.values(commands[0]?.[1].flags ?? {}).filter(isGlobal);
  return [
    "# Commands",
    "Made from the commands themselves by `npm run snapshot`; do not edit.",
    "Every flag can also be given as an environment variable: `LOCALKUBE_` and the flag's name in capitals with `_` for `-`. " +
      "A repeatable flag then takes one value a line, or several between blanks. A flag goes before its variable, then come " +
      "the `--config` file, what `localkube config set` stored, and the default. What confirms or removes something (`--all`, `--discard`, " +
      "`--forget`, `--purge`, `--recreate`, `--ssh-take-over`, `--yes`) counts only on the command line.",
    "Exit codes are listed by `localkube --help`; those special to a command stand with it.",
    "## Flags of every command",
    flagTable(globals),
    ...commands.flatMap(([id, command]) => section(id.replaceAll(":", " "), command)),
  ].join("\n\n");
}

function section(name, command) {
  const flags = Object.values(command.flags).filter((flag) => !isGlobal(flag) && !flag.hidden);
  const args = Object.values(command.args).filter((arg) => !arg.hidden);
  const exits = Object.entries(command.exits ?? {});
  const words = args.map((arg) => (arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`));
  return [
    `## localkube ${name}`,
    command.description ?? command.summary ?? "",
    code(`localkube ${[name, ...words, ...(command.strict === false ? ["[-- …]"] : [])].join(" ")}`),
    args.length > 0 ? args.map((arg) => `- \`${arg.name.toUpperCase()}\`: ${argText(arg)}`).join("\n") : "",
    flags.length > 0 ? flagTable(flags) : "",
    (command.examples ?? []).length > 0
      ? `Examples:\n\n${code(command.examples.map(exampleText).join("\n"))}`
      : "",
    exits.length > 0 ? `Exit codes:\n\n${exits.map(([exit, text]) => `- ${exit}: ${text}`).join("\n")}` : "",
  ].filter((part) => part !== "");
}

const argText = (arg) =>
  [arg.description, arg.options ? `one of ${arg.options.join(", ")}` : ""].filter(Boolean).join("; ");

function flagTable(flags) {
  const rows = flags.map((flag) => {
    const spelling = [
      flag.char ? `-${flag.char}, ` : "",
      flag.allowNo ? `--[no-]${flag.name}` : `--${flag.name}`,
    ].join("");
    const values = flag.options ? ` ${flag.options.join("|")}` : flag.type === "option" ? " VALUE" : "";
    const fallback =
      flag.default === undefined || flag.default === "" ? "" : ` Default: \`${flag.default}\`.`;
    const text = `${flag.summary ?? flag.description ?? ""}${flag.multiple ? " (repeatable)" : ""}`;
    return `| \`${cell(spelling + values)}\` | ${cell(text.replace(/([^.?!])$/, "$1."))}${cell(fallback)} |`;
  });
  return ["| flag | meaning |", "| --- | --- |", ...rows].join("\n");
}

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text) => `\`\`\`\n${text}\n\`\`\``;
const render = (text) => text.replaceAll(/<%=\s*config\.bin\s*%>/g, "localkube");
const exampleText = (example) =>
  typeof example === "string" ? render(example) : `# ${example.description}\n${render(example.command)}`;
const isGlobal = (flag) => flag.helpGroup === "GLOBAL";
const sorted = (object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));

async function main(check) {
  const manifest = JSON.parse(await readFile(join(root, "oclif.manifest.json"), "utf8"));
  const snapshot = `${JSON.stringify(commandSnapshot(manifest))}`;
  const texts = {
    "docs/commands.md": await prettier.format(commandDocs(manifest), { parser: "markdown", printWidth: 110 }),
    "test/cli/command-snapshot.json": await prettier.format(snapshot, { parser: "json", printWidth: 110 }),
  };
  for (const [file, text] of Object.entries(texts)) {
    const path = join(root, file);
    if (check) {
      const stored = await readFile(path, "utf8").catch(() => "");
      if (stored !== text) {
        console.error(`${file} is not what the commands say: run npm run snapshot and review the difference`);
        process.exitCode = 1;
      }
    } else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await main(process.argv.includes("--check"));
