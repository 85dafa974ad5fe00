import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { EnvironmentChange, HostContext } from "../contract/host.ts";

export const shells = ["bash", "zsh", "fish", "powershell", "cmd"] as const;
export type Shell = (typeof shells)[number];

interface Syntax {
  set(name: string, value: string): string;
  unset(name: string): string;
  /** Sets PATH. By default as any other variable. */
  path?(path: NonNullable<EnvironmentChange["path"]>): string;
  /** A line that does nothing, ended by how to evaluate what `command` prints. */
  hint(command: string): string;
}

const posixQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const fishQuote = (text: string): string => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
/** PowerShell takes typographic quotation marks for plain ones. */
const powershellQuote = (text: string): string => `'${text.replaceAll(/['‘’‚‛]/g, "$&$&")}'`;

/** Every line ends with a semicolon: where `$(…)` is evaluated without quotation marks, the lines become one. */
const posix: Syntax = {
  set: (name, value) => `export ${name}=${posixQuote(value)};`,
  unset: (name) => `unset ${name};`,
  path: ({ value, prepend }) =>
    prepend === undefined
      ? `export PATH=${posixQuote(value)};`
      : `export PATH=${posixQuote(prepend)}"\${PATH:+:$PATH}";`,
  hint: (command) => `# To do it in this shell: eval "$(${command})"`,
};

const syntaxes: Readonly<Record<Shell, Syntax>> = {
  bash: posix,
  zsh: posix,
  fish: {
    set: (name, value) => `set -gx ${name} ${fishQuote(value)};`,
    unset: (name) => `set -e ${name};`,
    path: ({ value, prepend }) =>
      prepend === undefined
        ? `set -gx PATH ${value.split(":").map(fishQuote).join(" ")};`
        : `set -gx PATH ${fishQuote(prepend)} $PATH;`,
    hint: (command) => `# To do it in this shell: ${command} | source`,
  },
  powershell: {
    set: (name, value) => `$Env:${name} = ${powershellQuote(value)}`,
    unset: (name) => `Remove-Item Env:\\${name} -ErrorAction SilentlyContinue`,
    path: ({ value, prepend }) =>
      prepend === undefined
        ? `$Env:PATH = ${powershellQuote(value)}`
        : `$Env:PATH = ${powershellQuote(prepend)} + [IO.Path]::PathSeparator + $Env:PATH`,
    hint: (command) => `# To do it in this shell: ${command} | Out-String | Invoke-Expression`,
  },
  // Run by FOR, whose lines are no batch file: nothing in them is replaced, so that PATH stands there as a whole.
  cmd: {
    set: (name, value) => `SET "${name}=${value}"`,
    unset: (name) => `SET "${name}="`,
    hint: (command) => `REM To do it in this shell: @FOR /f "tokens=*" %i IN ('${command}') DO @%i`,
  },
};

/** Text that makes a shell change its environment; `command` is what a user types to get that text. Pure. */
export function environmentText(
  shell: Shell,
  { set, unset, path }: EnvironmentChange,
  command: string,
): string {
  const syntax = syntaxes[shell];
  return [
    ...unset.map((name) => syntax.unset(name)),
    ...Object.entries(set).map(([name, value]) => syntax.set(name, value)),
    ...(path ? [syntax.path?.(path) ?? syntax.set("PATH", path.value)] : []),
    // The last: evaluated without quotation marks it would hide what follows.
    syntax.hint(command),
  ].join("\n");
}

/** Shells that read what bash reads, as far as it is used here. */
const likeBash = ["sh", "bash", "dash", "ash", "ksh", "mksh", "busybox"];

/** The user's shell, as the environment tells it. Throws SHELL_UNKNOWN for one that we do not write for. */
export function shellOf({ env, platform }: Pick<HostContext, "env" | "platform">): Shell {
  const named = env["SHELL"];
  if (named === undefined || named === "") {
    if (platform !== "win32") return "bash";
    return env["PSModulePath"] === undefined ? "cmd" : "powershell";
  }
  const program = (named.split(/[\\/]/).pop() ?? "").replace(/\.exe$/i, "");
  if (likeBash.includes(program)) return "bash";
  const known = shells.find((shell) => shell === (program === "pwsh" ? "powershell" : program));
  if (!known) throw new LocalkubeError("SHELL_UNKNOWN", { shell: named, known: shells.join(", ") });
  return known;
}
