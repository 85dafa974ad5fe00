import { basename } from "node:path";
import { expect, test } from "vitest";
import { nodePaths, pathsOf } from "../../../../drivers/ssh/node-paths.ts";
import { runtimes } from "../../../../src/runtimes/registry.ts";
import { nodeFiles, type NodePart } from "../../../../src/provision/node/node-files.ts";
import { guestPaths } from "../../../../src/provision/node/guest-paths.ts";
import { nodeSample } from "../../provision/node/node-sample.ts";

const partsWith = (runtime: string, minor: number): readonly NodePart[] =>
  Object.values<NodePart>({
    ...nodeFiles(
      nodeSample(minor, { runtime, machine: { origin: "existing", resources: "own" }, registryAccess }),
    ),
  });
const registryAccess = {
  registries: [{ name: "reg.example:5000", mirrors: [], insecure: true, authority: "a certificate\n" }],
  logins: [{ registry: "reg.example:5000", username: "alice", password: "secret" }],
  proxy: { HTTPS_PROXY: "http://proxy.example:3128" },
};
/** A CRI server that the host has; registries are not told to it. */
const foreign = "unix:///run/my.sock";
const nodes = [...runtimes.map(({ name }) => name), foreign].flatMap((name) =>
  [20, 36].map((minor) => [name, minor] as const),
);

test.each(nodes)(
  "the driver guards every file that provisioning writes with %s and 1.%i, and removes it",
  (name, minor) => {
    const parts = partsWith(name, minor);
    const { files: guarded, trees, registryFolders } = nodePaths(runtimes, name);
    const programs = parts.flatMap(({ archives }) =>
      archives.flatMap(({ target, members }) => members.map((member) => `${target}/${basename(member)}`)),
    );
    const written = [...parts.flatMap(({ files }) => files.map(({ path }) => path)), ...programs];
    expect(written.length).toBeGreaterThan(55);
    // By name, in a tree of ours, or by a name that only we use.
    const isGuarded = (path: string) =>
      guarded.includes(path) ||
      trees.some((tree) => path.startsWith(`${tree}/`)) ||
      // Before they are written, start refuses files there that are not ours (claimRegistryFiles).
      registryFolders.some((folder) => path.startsWith(`${folder}/reg.example:5000/`)) ||
      path.startsWith(guestPaths.cniConfig) ||
      path.startsWith(`${guestPaths.cniBin}/`);
    expect(written.filter((path) => !isGuarded(path))).toEqual([]);
  },
);

test("of a CRI server that the host has, and what it made for containers, nothing is touched", () => {
  const paths = nodePaths(runtimes, foreign);
  const { files, trees, runTrees, units, shims, links, chains, products, keepsServer } = paths;
  expect(
    [...files, ...trees, ...runTrees, ...units].filter((path) => /crictl|containerd|docker|crio/.test(path)),
  ).toEqual([]);
  expect(trees).toContain("/var/lib/cni/networks/localkube");
  expect(trees).not.toContain("/var/lib/cni");
  expect([shims, links, chains, keepsServer]).toEqual([[], ["cni0"], ["KUBE-", "LOCALKUBE-"], true]);
  // It may be one of these itself; a whole Kubernetes cannot share the host.
  expect(products).not.toContain("docker.service");
  expect(products).toContain("k3s.service");
});

test.each(runtimes.map(({ name }) => name))(
  "the driver knows every unit of a node with %s, and those that packages bring",
  (name) => {
    const units = [20, 36].flatMap((minor) =>
      partsWith(name, minor).flatMap((part) => part.units.map((unit) => unit.name)),
    );
    const ofPackages =
      {
        docker: ["docker.socket", "containerd.service"],
        "cri-o": ["crio-wipe.service", "crio-shutdown.service"],
      }[name] ?? [];
    expect(nodePaths(runtimes, name).units.toSorted()).toEqual(
      [...new Set([...units, ...ofPackages])].sort(),
    );
  },
);

test("what another runtime has on a host is never touched, also if it came after the cluster", () => {
  const ofDocker = /docker/;
  for (const machine of [
    { data: { id: "1", runtime: "containerd" } },
    { data: { id: "of an earlier release" } },
  ]) {
    // Products are only looked for.
    const { links, chains, products, ...paths } = pathsOf(
      { connect: () => Promise.reject(new Error("unused")), runtimes },
      machine,
    );
    expect(
      Object.values(paths)
        .flat()
        .filter((path) => ofDocker.test(JSON.stringify(path))),
    ).toEqual([]);
    expect([links, chains]).toEqual([["cni0"], ["KUBE-", "LOCALKUBE-", "CNI-"]]);
    expect(products).toContain("docker.service");
  }
  const withDocker = nodePaths(runtimes, "docker");
  expect(withDocker.trees).toContain("/var/lib/docker");
  expect(withDocker.trees).not.toContain("/var/lib/containerd");
  expect(withDocker.links).toEqual(["cni0", "docker0"]);
});
