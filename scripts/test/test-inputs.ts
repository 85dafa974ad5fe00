import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** What a test file runs beside the modules that it imports. */
export interface Runs {
  /** Drivers that the registry loads by name in this test; files of drivers reached only through the registry do not count otherwise. */
  readonly drivers?: readonly string[];
  /** Programs of the tests' own that are started as processes. */
  readonly children?: readonly string[];
  /** The built program is started: all sources count. */
  readonly program?: true;
}

/** Read by name while tests or the program run, or decide how they run. */
const always = [
  "templates/**",
  "test/fixtures/**",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "vitest.config.ts",
];
const program = [
  "addons/**",
  "bin/**",
  "drivers/**",
  "src/**",
  "scripts/build.mjs",
  "scripts/lean-oclif.mjs",
];

/**
 * Every file below `root` on which the outcome of a test file depends, sorted, with `/`: the modules that it imports at any depth (imports of
 * types alone do not count), the drivers and rigs that it uses with everything in their folders but documents (a rig starts programs of its
 * own), what `runs` names with its imports, and what is read by name. Packages are not listed: the lock file stands for them. Rejects when a
 * module cannot be found.
 */
export async function testInputs(root: string, file: string, runs: Runs = {}): Promise<readonly string[]> {
  const { drivers = [], children = [] } = runs;
  const imported = await imports(root, [file, ...children], drivers);
  const folders = new Set(
    imported.flatMap((path) => /^(?:drivers|test\/rigs)\/[^/]+\//.exec(path)?.[0] ?? []),
  );
  const wholes = (
    await matching(
      root,
      [...folders].map((folder) => `${folder}**`),
    )
  ).filter((path) => !path.endsWith(".md"));
  const sources = wholes.filter((path) => path.endsWith(".ts"));
  const named = await matching(root, [...always, ...(runs.program ? program : [])]);
  const further = sources.length > 0 ? await imports(root, sources, drivers) : [];
  return [...new Set([...imported, ...wholes, ...further, ...named])].sort();
}

/** SHA-256 of every file, by path; a file that is gone by now is told as such. */
export async function digests(
  root: string,
  files: readonly string[],
): Promise<readonly (readonly [path: string, digest: string])[]> {
  const one = async (path: string) => {
    const content = await readFile(join(root, path)).catch(() => undefined);
    const digest = content ? createHash("sha256").update(content).digest("hex") : "missing";
    return [path, digest] as const;
  };
  return Promise.all(files.map(one));
}

/** Modules below `root` that the entries import at any depth, themselves included. */
async function imports(
  root: string,
  entries: readonly string[],
  drivers: readonly string[],
): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entries],
    outdir: join(root, "nothing-is-written"),
    write: false,
    bundle: true,
    metafile: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "silent",
    plugins: [onlyDrivers(drivers)],
  });
  return Object.keys(metafile.inputs).map((path) => path.replaceAll("\\", "/"));
}

/** The registry loads one driver, the one that it is asked for. */
const onlyDrivers = (names: readonly string[]): Plugin => ({
  name: "only-drivers",
  setup(bundler) {
    bundler.onResolve({ filter: /\/drivers\/[^/]+\/index\.ts$/ }, ({ importer, path }) => {
      const [, name = ""] = /\/drivers\/([^/]+)\/index\.ts$/.exec(path) ?? [];
      if (!/[\\/]driver-registry\.ts$/.test(importer) || names.includes(name)) return undefined;
      return { path, external: true };
    });
  },
});

async function matching(root: string, patterns: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    for await (const entry of glob(pattern, { cwd: root, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      found.push(
        join(entry.parentPath, entry.name)
          .slice(root.length + 1)
          .replaceAll("\\", "/"),
      );
    }
  }
  return found;
}
