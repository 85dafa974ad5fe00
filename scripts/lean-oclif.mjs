import { readFile } from "node:fs/promises";

/** For plugins, compiled sources and spinners, none of which we use; a third of what every command would have to read. */
const neverCalled = /^(tinyglobby|minimatch|lilconfig|cli-spinners)$/;

const requireLine =
  /^(?:const|var) (\w+) = ((?:__importDefault|__importStar)\()?require\((['"][^'"]+['"])\)(\))?;$/gm;

/**
 * esbuild plugin that lowers what oclif costs at each start:
 * - its files load all their neighbours, most of which a command never uses. As TypeScript's output names an import only
 *   in `name.member`, each `const name = require(…)` can become a function that requires on first use;
 * - packages that no path of ours reaches are left out, and fail by name should that ever change;
 * - `debug`, which is asked at each step but would say nothing, is a function that says nothing.
 */
export const leanOclif = {
  name: "lean-oclif",
  setup(build) {
    const fromOclif = /@oclif[\\/]core[\\/]lib/;
    build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/].*\.js$/ }, async ({ path }) => ({
      contents: makeLazy(await readFile(path, "utf8")),
      loader: "js",
    }));
    build.onResolve({ filter: neverCalled }, ({ path, importer }) =>
      fromOclif.test(importer) ? { path, namespace: "left-out" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "left-out" }, ({ path }) => ({
      contents: `const fail = () => { throw new Error("${path} is not part of localkube's bundle"); };
        module.exports = new Proxy({}, { get: (_, key) => key === "__esModule" ? undefined : fail() });`,
    }));
    build.onResolve({ filter: /^debug$/ }, ({ path, importer }) =>
      fromOclif.test(importer) ? { path, namespace: "silent" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "silent" }, () => ({
      contents: "module.exports = () => Object.assign(() => {}, { enabled: false });",
    }));
  },
};

function makeLazy(source) {
  const names = [];
  const declared = source.replace(requireLine, (line, name, wrapper = "", module, end = "") => {
    const alone = source.match(new RegExp(`(?<![.\\w$])${name}\\b(?!\\.)`, "g"));
    if (alone.length > 1) return line;
    names.push(name);
    return `let $${name}; const $get_${name} = () => $${name} ??= ${wrapper}require(${module})${end};`;
  });
  return names.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<![.\\w$'"\`])${name}(?=\\.)`, "g"), `($get_${name}())`),
    declared,
  );
}
