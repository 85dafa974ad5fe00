import { existsSync } from "node:fs";
import { join } from "node:path";
import { keptFiles } from "./kept-files.ts";
import { keepResult, keptResult, keyOf, type KeptResult } from "./kept-results.ts";
import { type FileReport, wholePass } from "./report.ts";
import { cacheFolder, surroundings } from "./surroundings.ts";
import { digests, testInputs } from "./test-inputs.ts";

type Digests = Awaited<ReturnType<typeof digests>>;

/**
 * What needs not run again: results of files whose every dependency is as it was when they passed. `packages` are the Debian packages the
 * tests use. With LOCALKUBE_TEST_ALL=1 nothing counts as unchanged, and results are kept all the same.
 */
export async function unchangedFiles(root: string, packages: readonly string[], env = process.env) {
  const cache = cacheFolder(env);
  const folder = join(cache, "test-results");
  const sources = new Map<string, Digests>();
  for (const [file, runs] of Object.entries(keptFiles))
    if (existsSync(join(root, file)))
      sources.set(file, await digests(root, await testInputs(root, file, runs)));
  const before = surroundings(packages, cache);
  const all = env["LOCALKUBE_TEST_ALL"] === "1";
  const found = [...sources].map(([file, digest]) => keptResult(folder, file, keyOf(file, digest, before)));
  return {
    results: all ? [] : found.filter((one): one is KeptResult => one !== undefined),
    /** Keeps what passed whole. A file whose sources were changed while it ran proves nothing about either. Images may have been made by the run itself. */
    async keep(files: readonly FileReport[], now = new Date()): Promise<void> {
      const after = surroundings(packages, cache);
      for (const report of files) {
        const file = report.name.startsWith(`${root}/`) ? report.name.slice(root.length + 1) : report.name;
        const [digest, tests] = [sources.get(file), wholePass(report)];
        if (!digest || tests === undefined) continue;
        const again = await digests(root, await testInputs(root, file, keptFiles[file]));
        if (JSON.stringify(again) !== JSON.stringify(digest)) continue;
        keepResult(folder, { file, key: keyOf(file, digest, after), tests, at: now.toISOString() });
      }
    },
  };
}
