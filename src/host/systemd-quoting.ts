// systemd.syntax(7): double quotes with C escapes; % begins a specifier and is doubled.
const quoted = (word: string): string =>
  `"${word.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;

/** Words for `ExecStart=`, one per line; `$` is special to systemd there, too (systemd.service(5), "Command lines"). */
export const execLine = (argv: readonly string[]): string =>
  argv
    .map((word) => word.replaceAll("%", "%%").replaceAll("$", "$$$$"))
    .map((word) => (/^[\w@%+=:,./$*-]+$/.test(word) ? word : quoted(word)))
    .join(" \\\n  ");

/** One assignment for `Environment=`. */
export const environmentLine = (name: string, value: string): string =>
  `Environment=${quoted(`${name}=${value}`.replaceAll("%", "%%"))}`;
