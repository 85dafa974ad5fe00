import { expect, test } from "vitest";
import { nodePaths } from "../../../../drivers/ssh/node-paths.ts";
import { runtimes } from "../../../../src/runtimes/registry.ts";
import { nodeFiles, type NodePart } from "../../../../src/provision/node/node-files.ts";
import { guestPaths } from "../../../../src/provision/node/guest-paths.ts";
import { nodeSample } from "../../provision/node/node-sample.ts";

const { files: guarded, trees, units: known } = nodePaths(runtimes);
const parts: readonly NodePart[] = Object.values(
  nodeFiles(nodeSample(36, { machine: { origin: "existing", resources: "own" } })),
);

test("the driver guards every file that provisioning writes, and removes it", () => {
  const programs = parts.flatMap(({ archives }) =>
    archives.flatMap(({ target, members }) => members.map((member) => `${target}/${member}`)),
  );
  const written = [...parts.flatMap(({ files }) => files.map(({ path }) => path)), ...programs];
  expect(written.length).toBeGreaterThan(60);
  // By name, in a tree of ours, or by a name that only we use.
  const isGuarded = (path: string) =>
    guarded.includes(path) ||
    trees.some((tree) => path.startsWith(`${tree}/`)) ||
    path.startsWith(guestPaths.cniConfig) ||
    path.startsWith(`${guestPaths.cniBin}/`);
  expect(written.filter((path) => !isGuarded(path))).toEqual([]);
});

test("the driver knows every unit of the node", () => {
  const units = parts.flatMap((part) => part.units.map(({ name }) => name));
  expect([...units].sort()).toEqual([...known].sort());
});
