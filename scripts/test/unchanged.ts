import { existsSync } from "node:fs";
import { join } from "node:path";
import { keptFiles } from "./kept-files.ts";
import { keepResult, keptResult, keyOf, type KeptResult } from "./kept-results.ts";
import { type FileReport, wholePass } from "./report.ts";
import { cacheFolder, surroundings } from "./surroundings.ts";
import { digests, testInputs } from "./test-inputs.ts";

/**
 * What need not run again: results of files whose every dependency is as it was when they passed. `packages` are the Debian packages
 * that the tests use. With LOCALKUBE_TEST_ALL=1 nothing counts as unchanged, and results are kept all the same.
 */
export async function unchangedFiles(
  root: string,
  packages: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  kept = keptFiles,
) {
  const cache = cacheFolder(env);
  const folder = join(cache, "test-results");
  /** Of a file whose inputs cannot be told nothing is known: it runs, and says itself what is wrong. */
  const sourcesOf = async (file: string) => {
    if (!existsSync(join(root, file))) return undefined;
    const inputs = await testInputs(root, file, kept[file]).catch(() => undefined);
    return inputs && JSON.stringify(await digests(root, inputs));
  };
  const sources = new Map<string, string | undefined>();
  for (const file of Object.keys(kept)) sources.set(file, await sourcesOf(file));
  const before = surroundings(packages, cache);
  const found = [...sources].map(([file, digest]) =>
    digest === undefined ? undefined : keptResult(folder, file, keyOf(file, digest, before)),
  );
  return {
    results:
      env["LOCALKUBE_TEST_ALL"] === "1" ? [] : found.filter((one): one is KeptResult => one !== undefined),
    /** Keeps what passed whole. Sources that were changed meanwhile prove nothing; images may have been made by the run itself. */
    async keep(files: readonly FileReport[], now = new Date()): Promise<void> {
      const after = surroundings(packages, cache);
      for (const report of files) {
        const file = report.name.startsWith(`${root}/`) ? report.name.slice(root.length + 1) : report.name;
        const [digest, tests] = [sources.get(file), wholePass(report)];
        if (digest === undefined || tests === undefined || (await sourcesOf(file)) !== digest) continue;
        keepResult(folder, { file, key: keyOf(file, digest, after), tests, at: now.toISOString() });
      }
    },
  };
}
