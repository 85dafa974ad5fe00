// Bundles the sources into dist/ and writes oclif.manifest.json and the root help. Runs in `prepare`, so it is quick.
import { glob, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { leanOclif } from "./lean-oclif.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const ownImport = /\bimport\(("\.{1,2}\/[^"]+")\)/g;
const url = 'const $url=require("node:url").pathToFileURL(__filename).href;';
/** Node lets `import()` of a CommonJS package see its members; esbuild's chunk of such a package has only `default`. */
const named =
  'const $named=m=>Object.keys(m).join()==="default"&&Object(m.default)===m.default?Object.create(m.default,{default:{value:m.default}}):m;';
const started = performance.now();

const commands = await files("src/commands/**/*.ts");
const entries = [...commands, ...(await files("drivers/*/index.ts"))];
for (const name of ["main", "command-table", "help"]) entries.push(`src/cli/${name}.ts`);

await replaceDist(new Map([...(await bundle()), ...(await driverTypes())]));
await writeManifest();
console.log(`built ${entries.length} entry points in ${Math.round(performance.now() - started)} ms`);

/** ES modules, split so that what only some commands need is a file of its own. Returns text by file name. */
async function bundle() {
  const result = await build({
    entryPoints: entries.map((file) => join(root, file)),
    outdir: join(root, "dist"),
    outbase: root,
    write: false,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.15",
    legalComments: "none",
    logLevel: "warning",
    plugins: [leanOclif],
    // ssh2's native parts are optional; compilers are what oclif would look for in development.
    external: ["cpu-features", "*.node", "typescript", "ts-node", "tsx"],
  });
  const texts = result.outputFiles.map(async ({ path, text }) => [path, await toCommonJs(text, path)]);
  return new Map(await Promise.all(texts));
}

/**
 * Node loads a CommonJS file in half the time of an ES module, which is most of a short command's time; esbuild splits
 * only ES modules, so the split files are turned afterwards.
 */
async function toCommonJs(text, path) {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    target: "node22.15",
    minifyWhitespace: true,
    legalComments: "none",
    sourcefile: path,
    define: {
      "import.meta.url": "$url",
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
    },
  });
  // import() would wrap our CommonJS once more; that of foreign modules stays.
  const linked = code.replaceAll(ownImport, "Promise.resolve().then(()=>$named(require($1)))");
  const usesUrl = text.includes("import.meta.url");
  return (linked === code ? "" : named) + (usesUrl ? url : "") + linked;
}

/** Declarations of what the author of a driver needs (package.json, `exports`): the contract, which imports nothing else. */
async function driverTypes() {
  const { default: ts } = await import("typescript");
  const contract = ["driver-kit", "driver", "driver-option", "host", "transport", "errors/entry"];
  const compilerOptions = { module: ts.ModuleKind.NodeNext, strict: true };
  const texts = contract.map(async (name) => {
    const source = await readFile(join(root, `src/contract/${name}.ts`), "utf8");
    const { outputText } = ts.transpileDeclaration(source, { fileName: `${name}.ts`, compilerOptions });
    const text = outputText.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"');
    return [join(root, `dist/types/${name}.d.ts`), text];
  });
  return new Map(await Promise.all(texts));
}

/** A running localkube never sees a half-written dist/: the new one is complete when it takes the old one's place. */
async function replaceDist(texts) {
  const fresh = join(root, `.dist-${process.pid}`);
  const dist = join(root, "dist");
  try {
    await writeTree(fresh, new Map([...texts].map(([path, text]) => [relative(dist, path), text])));
    await rm(dist, { recursive: true, force: true, maxRetries: 3 });
    // Another build may have put its own there in between.
    await rename(fresh, dist).catch(async () => {
      await rm(dist, { recursive: true, force: true, maxRetries: 3 });
      await rename(fresh, dist);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function writeTree(folder, texts) {
  const folders = new Set([...texts.keys()].map((file) => dirname(join(folder, file))));
  for (const each of [folder, ...folders]) await mkdir(each, { recursive: true });
  await Promise.all([...texts].map(([file, text]) => writeFile(join(folder, file), text)));
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }\n');
}

async function writeManifest() {
  const { describeAll } = require("../dist/src/cli/command-table.js");
  const { rootHelp } = require("../dist/src/cli/help.js");
  const ids = commands.map((file) =>
    file
      .replace(/^src\/commands\//, "")
      .replace(/\.ts$/, "")
      .replaceAll("/", ":"),
  );
  const described = Object.fromEntries(describeAll(ids.sort()).map((command) => [command.id, command]));
  const { version } = require("../package.json");
  await writeFile(join(root, "oclif.manifest.json"), JSON.stringify({ version, commands: described }));
  await writeFile(join(root, "dist/help.txt"), await rootHelp());
}

async function files(pattern) {
  const found = [];
  for await (const file of glob(pattern, { cwd: root })) found.push(file.replaceAll("\\", "/"));
  return found;
}
