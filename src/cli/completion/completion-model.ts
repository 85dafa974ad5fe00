import type { Command } from "@oclif/core";

export interface CompletionFlag {
  /** With dashes, long form first: `--profile`, `-p`. */
  readonly spellings: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  /** The values to offer; empty = any value. */
  readonly values: readonly string[];
}

/** A command or topic as the shell sees it. */
export interface CompletionNode {
  /** Words after the program name, such as `config set`; empty for the program itself. */
  readonly words: string;
  /** Possible next words and what they do. */
  readonly children: readonly { readonly word: string; readonly summary: string }[];
  readonly flags: readonly CompletionFlag[];
  /** Allowed values of the first argument. */
  readonly values: readonly string[];
}

/** All commands and topics, the program first; built from the same descriptions as the help. */
export function completionModel(
  commands: readonly Command.Cached[],
  topics: readonly { readonly name: string; readonly description?: string | undefined }[],
): readonly CompletionNode[] {
  const shown = commands.filter((command) => !command.hidden);
  const summaries = new Map<string, string>();
  for (const topic of topics) summaries.set(topic.name, topic.description ?? "");
  for (const { id, summary } of shown) summaries.set(id, summary ?? "");
  for (const { id } of shown) {
    const parent = parentOf(id);
    if (parent !== "" && !summaries.has(parent)) summaries.set(parent, "");
  }
  const globals = Object.values(shown[0]?.flags ?? {}).filter((flag) => flag.helpGroup === "GLOBAL");
  const ids = [
    "",
    ...[...summaries.keys()].filter((id) => shown.some((one) => isAtOrBelow(one.id, id))).sort(),
  ];
  return ids.map((id) => {
    const command = shown.find((candidate) => candidate.id === id);
    return {
      words: id.replaceAll(":", " "),
      children: ids
        .filter((child) => child !== "" && parentOf(child) === id)
        .map((child) => ({ word: child.split(":").at(-1) ?? child, summary: summaries.get(child) ?? "" })),
      // Global flags may also precede the command.
      flags: [...visible(command ? Object.values(command.flags) : id === "" ? globals : []), help],
      values: argumentValues(Object.values(command?.args ?? {})[0]),
    };
  });
}

const help: CompletionFlag = {
  spellings: ["--help", "-h"],
  summary: "Show help",
  takesValue: false,
  values: [],
};

const visible = (flags: readonly Command.Flag.Cached[]): CompletionFlag[] =>
  flags.filter((flag) => !flag.hidden).map(flagOf);

function flagOf(flag: Command.Flag.Cached): CompletionFlag {
  const isOption = flag.type === "option";
  const negated = flag.type === "boolean" && flag.allowNo ? [`--no-${flag.name}`] : [];
  return {
    spellings: [`--${flag.name}`, ...negated, ...(flag.char === undefined ? [] : [`-${flag.char}`])],
    summary: flag.summary ?? flag.description ?? "",
    takesValue: isOption,
    values: isOption ? [...(flag.options ?? choicesOf(flag))] : [],
  };
}

const argumentValues = (arg: Command.Arg.Cached | undefined): readonly string[] =>
  arg === undefined ? [] : (arg.options ?? choicesOf(arg));

/** What `specFlags` adds: values that the field's own parser checks, not oclif. */
const choicesOf = (flag: object): readonly string[] =>
  "choices" in flag ? (flag.choices as readonly string[]) : [];

const parentOf = (id: string): string => id.split(":").slice(0, -1).join(":");
const isAtOrBelow = (id: string, ancestor: string): boolean =>
  id === ancestor || id.startsWith(`${ancestor}:`);
