import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** The release of @oclif/core whose compiled source was read for what is rewritten here; package.json pins the same. */
const known = "5.1.9";

/** For plugins, compiled sources and spinners, none of which we use; a third of what every command would have to read. */
const neverCalled = ["tinyglobby", "minimatch", "lilconfig", "cli-spinners"];

/** Modules that a file of oclif requires by a statement that cannot wait, because it exports them or is inside of a function already. */
const requiredAtOnce = {
  "cache.js": ["@oclif/core/package.json"],
  "module-loader.js": ["get-package-type"],
  "util/read-tsconfig.js": ["typescript"],
  "ux/index.js": ["./colorize-json"],
  "ux/list.js": ["wordwrap"],
};

const requireLine =
  /^(?:const|var) (\w+) = ((?:__importDefault|__importStar)\()?require\((['"][^'"]+['"])\)(\))?;$/gm;

/**
 * esbuild plugin that lowers what oclif costs at each start:
 * - its files load all their neighbours, most of which a command never uses. As TypeScript's output names an import only
 *   in `name.member`, each `const name = require(…)` can become a function that requires on first use;
 * - packages that no path of ours reaches are left out, and fail by name should that ever change;
 * - `debug`, which is asked at each step but would say nothing, is a function that says nothing.
 * What it rewrites was compared with one release of oclif. The build fails for any other, and when one of these does not match.
 */
export const leanOclif = {
  name: "lean-oclif",
  setup(build) {
    const fromOclif = /@oclif[\\/]core[\\/]lib/;
    const met = new Set();
    build.onStart(() => {
      met.clear();
      const { version } = createRequire(import.meta.url)("@oclif/core/package.json");
      if (version === known) return;
      throw new Error(
        `@oclif/core is ${version}, but scripts/lean-oclif.mjs was compared with ${known}. Compare its lib/ of both, then set 'known' there and the version in package.json`,
      );
    });
    build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/].*\.js$/ }, async ({ path }) => {
      const file = path.replaceAll("\\", "/").replace(/^.*\/@oclif\/core\/lib\//, "");
      met.add(file);
      return { contents: makeLazy(await readFile(path, "utf8"), file), loader: "js" };
    });
    build.onResolve({ filter: new RegExp(`^(${neverCalled.join("|")})$`) }, ({ path, importer }) => {
      if (!fromOclif.test(importer)) return undefined;
      met.add(path);
      return { path, namespace: "left-out" };
    });
    build.onLoad({ filter: /.*/, namespace: "left-out" }, ({ path }) => ({
      contents: `const fail = () => { throw new Error("${path} is not part of localkube's bundle"); };
        module.exports = new Proxy({}, { get: (_, key) => key === "__esModule" ? undefined : fail() });`,
    }));
    build.onResolve({ filter: /^debug$/ }, ({ path, importer }) => {
      if (!fromOclif.test(importer)) return undefined;
      met.add(path);
      return { path, namespace: "silent" };
    });
    build.onLoad({ filter: /.*/, namespace: "silent" }, () => ({
      contents: "module.exports = () => Object.assign(() => {}, { enabled: false });",
    }));
    build.onEnd(({ errors }) => {
      const wanted = [...neverCalled, "debug", ...Object.keys(requiredAtOnce)];
      const missing = wanted.filter((name) => !met.has(name));
      if (missing.length === 0 || errors.length > 0) return;
      throw new Error(
        `oclif no longer loads ${missing.join(", ")}: look at 'neverCalled' and 'requiredAtOnce' in scripts/lean-oclif.mjs`,
      );
    });
  },
};

/**
 * The source of one of oclif's files (`file`: its path below lib/) with its `require`s on first use. Throws when the file holds another
 * one than `requiredAtOnce` lists, lacks a listed one, or names an import otherwise than in `name.member`.
 */
export function makeLazy(source, file) {
  const names = [];
  const declared = source.replace(requireLine, (line, name, wrapper = "", module, end = "") => {
    const alone = source.match(new RegExp(`(?<![.\\w$])${name}\\b(?!\\.)`, "g"));
    if (alone.length > 1) return line;
    names.push(name);
    return `let $${name}; const $get_${name} = () => $${name} ??= ${wrapper}require(${module})${end};`;
  });
  const rest = declared.split("\n").filter((line) => !line.startsWith("let $"));
  const eager = rest.flatMap((line) => [...line.matchAll(/\brequire\(['"]([^'"]*)['"]\)/g)]);
  const found = eager.map(([, module]) => module).sort();
  const expected = requiredAtOnce[file] ?? [];
  if (found.join() !== expected.join())
    throw new Error(
      `lib/${file} of @oclif/core requires ${found.join(", ") || "nothing"} at once, not ${expected.join(", ") || "nothing"}: ` +
        `look at its require() lines, and at 'requireLine' and 'requiredAtOnce' in scripts/lean-oclif.mjs`,
    );
  return names.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<![.\\w$'"\`])${name}(?=\\.)`, "g"), `($get_${name}())`),
    declared,
  );
}
