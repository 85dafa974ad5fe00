import type { OutputForm } from "../output/output-form.ts";

/**
 * The requested output format, read without parsing the command line: an error in the command line itself must already be
 * reported in that format.
 */
export function requestedOutput(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OutputForm {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  let wanted = env["LOCALKUBE_OUTPUT"];
  words.forEach((word, index) => {
    const joined = /^(?:--output=|-o=?)(.+)$/.exec(word);
    if (joined) wanted = joined[1];
    else if (word === "--output" || word === "-o") wanted = words[index + 1];
  });
  return wanted === "json" ? "json" : "text";
}
