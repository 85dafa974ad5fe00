import { readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import * as prettier from "prettier";

/**
 * Puts `lines` between the two marks of a Markdown file. With --check on the command line it only compares, and says `difference` and ends with 1 where
 * the file is not up to date.
 */
export async function generatedSection(target, { begin, end }, lines, difference) {
  const text = await readFile(target, "utf8");
  const [before, rest = ""] = text.split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error(`${relative(process.cwd(), target)} lacks ${begin} or ${end}`);
  const options = { ...(await prettier.resolveConfig(target)), parser: "markdown" };
  const wanted = await prettier.format(
    [before, begin, "\n\n", lines.join("\n"), "\n\n", end, after].join(""),
    options,
  );
  if (!process.argv.includes("--check")) await writeFile(target, wanted);
  else if (text !== wanted) {
    console.error(`${difference}: run npm run snapshot and review the difference`);
    process.exitCode = 1;
  }
}
