import { expect, test } from "vitest";
import { artifactWishes } from "../../../../src/cluster/start/wishes.ts";
import { runtimeFor } from "../../../../src/runtimes/registry.ts";
import { catalogueEntry } from "../../../../src/artifacts/catalogue/catalogue-entry.ts";
import { compareReleases } from "../../../../src/host/versions.ts";
import { resolvePrograms } from "../../../../src/provision/programs/resolve-programs.ts";

const tools = { os: "debian", hasIptables: true, hasConntrack: true };
/** A guest with these programs of its own; an empty version: it has none. */
const guest = (versions: Readonly<Record<string, string>>, cniBinDir = "/usr/lib/cni") => ({
  ...tools,
  programs: Object.fromEntries(
    Object.entries(versions)
      .filter(([, version]) => version !== "")
      .map(([name, version]) => [name, { path: `/usr/bin/${name}`, version }]),
  ),
  cniBinDir,
});
const ofBookworm = { containerd: "1.6.20", runc: "1.1.5", etcd: "3.4.23" };
const bookworm = guest(ofBookworm);
const bare = guest({}, "");
const needs = (version: string, runtime = "containerd") => ({
  ...catalogueEntry(version),
  runtime: runtimeFor(runtime, catalogueEntry(version)),
});
const debian = { source: "debian", programs: {} } as const;
const own = { foreignNetwork: false, profile: "demo" };

function upstream(version: string, runtime = "containerd") {
  const { programs } = artifactWishes(version, runtime);
  const file = (name: string) => ({ file: `/cache/${name}`, sha256: name.padEnd(64, "0"), size: 1 });
  return {
    source: "upstream" as const,
    programs: Object.fromEntries(programs.map((wish) => [wish.name, { ...wish, ...file(wish.name) }])),
  };
}

const names = ({ archives }: ReturnType<typeof resolvePrograms>): readonly string[] =>
  archives.map(({ name }) => name);

test("Debian's machine and artifacts need nothing more for the Kubernetes they are made for", () => {
  expect(resolvePrograms(bookworm, debian, needs("v1.20.2"), own)).toEqual({
    etcd: { path: "/usr/bin/etcd", version: "3.4.23" },
    runtime: new Map([
      ["containerd", { path: "/usr/bin/containerd", version: "1.6.20" }],
      ["runc", { path: "/usr/bin/runc", version: "1.1.5" }],
    ]),
    cniBinDir: "/usr/lib/cni",
    archives: [],
    files: [],
  });
});

test("what is too old for a Kubernetes is pushed, what is good enough stays", () => {
  const old = resolvePrograms(bookworm, upstream("v1.36"), needs("v1.36"), own);
  expect(names(old)).toEqual(["etcd", "containerd", "crictl"]);
  expect(old.etcd).toEqual({ path: "/usr/local/bin/etcd", version: "3.6.8" });
  expect(old.runtime.get("containerd")).toEqual({ path: "/usr/local/bin/containerd", version: "2.3.4" });
  expect(old.cniBinDir).toBe("/usr/lib/cni");
  expect(old.files.map(({ path }) => path)).toEqual([
    "/usr/local/sbin/runc",
    "/var/lib/localkube/programs/runc.unpacked",
  ]);
  const fresh = guest({ etcd: "3.6.9", containerd: "2.2.1", runc: "1.4.3" });
  const kept = resolvePrograms(fresh, upstream("v1.36"), needs("v1.36"), own);
  expect(names(kept)).toEqual(["crictl"]);
  expect(kept.files).toEqual([]);
  expect(kept.runtime.get("containerd")).toEqual({ path: "/usr/bin/containerd", version: "2.2.1" });
});

test("a runtime too new for an old Kubernetes' CRI is replaced too", () => {
  const modern = guest({ ...ofBookworm, containerd: "2.1.0" });
  const programs = resolvePrograms(modern, upstream("v1.21"), needs("v1.21"), own);
  expect(programs.runtime.get("containerd")?.version).toBe("1.7.34");
});

test("an etcd release that loses data is never good enough", () => {
  const corrupting = guest({ ...ofBookworm, etcd: "3.5.1" });
  expect(resolvePrograms(corrupting, upstream("v1.20"), needs("v1.20"), own).etcd.version).toBe("3.4.13");
});

test("a bare machine gets everything from upstream, for every Kubernetes", () => {
  for (let minor = 20; minor <= 37; minor++) {
    const version = `v1.${minor}`;
    const programs = resolvePrograms(bare, upstream(version), needs(version), own);
    expect(names(programs)).toEqual(["etcd", "containerd", "cni-plugins", "crictl"]);
    expect(programs.cniBinDir).toBe("/opt/cni/bin");
    const { floor = "", below } = needs(version).runtime.programs[0]?.versions(minor) ?? {};
    const { version: installed = "" } = programs.runtime.get("containerd") ?? {};
    expect(compareReleases(installed, floor)).toBeGreaterThanOrEqual(0);
    if (below) expect(compareReleases(installed, below)).toBeLessThan(0);
  }
});

test("docker is one archive, and from Kubernetes 1.24 on another program beside it", () => {
  const old = resolvePrograms(bare, upstream("v1.23", "docker"), needs("v1.23", "docker"), own);
  expect(names(old)).toEqual(["etcd", "dockerd", "cni-plugins", "crictl"]);
  expect(old.runtime.get("dockerd")).toEqual({ path: "/usr/local/bin/dockerd", version: "20.10.23" });
  const modern = resolvePrograms(bare, upstream("v1.24", "docker"), needs("v1.24", "docker"), own);
  expect(names(modern)).toEqual(["etcd", "dockerd", "cri-dockerd", "cni-plugins", "crictl"]);
  const bookworms = guest({ ...ofBookworm, dockerd: "20.10.24" });
  expect(
    names(resolvePrograms(bookworms, upstream("v1.23", "docker"), needs("v1.23", "docker"), own)),
  ).toEqual(["etcd", "crictl"]);
  // cri-dockerd asks for an API that Debian 12's does not have.
  expect(
    names(resolvePrograms(bookworms, upstream("v1.24", "docker"), needs("v1.24", "docker"), own)),
  ).toContain("dockerd");
});

test.each([
  ["etcd", guest({ ...ofBookworm, etcd: "" }), "it has no etcd"],
  [
    "containerd",
    guest({ ...ofBookworm, containerd: "1.3.9" }),
    "its containerd 1.3.9 does not go with this Kubernetes",
  ],
  ["runc", guest({ ...ofBookworm, runc: "" }), "it has no runc"],
  ["CNI plugins", guest(ofBookworm, ""), "it has no cni-plugins"],
])("without %s and without an archive of it the machine is refused", (_name, lacking, problem) => {
  const resolve = () => resolvePrograms(lacking, debian, needs("v1.20.2"), own);
  expect(resolve).toThrow(expect.objectContaining({ id: "GUEST_UNSUITABLE" }));
  expect(resolve).toThrow(problem);
});

const refusal = (facts: Partial<typeof bookworm>): { message: string; fix: string } => {
  try {
    resolvePrograms({ ...bookworm, ...facts }, debian, needs("v1.20.2"), own);
  } catch (error) {
    return error as { message: string; fix: string };
  }
  throw new Error("it was taken");
};

test("a cloud image of Debian is told all that it lacks, and how to get it", () => {
  const { message, fix } = refusal({ ...bare, hasIptables: false, hasConntrack: false });
  expect(message).toContain(
    "it has no etcd, no containerd, no runc, no cni-plugins, no iptables, no conntrack, and the debian artifacts do not contain any",
  );
  expect(fix).toBe(
    "localkube ssh -p demo -- 'apt-get update && apt-get install -y etcd-server containerd runc containernetworking-plugins iptables conntrack', then run the same command again",
  );
});

test("upstream artifacts do not help a machine without iptables", () => {
  const lack = { ...bare, hasIptables: false, os: "alien" };
  const resolve = () => resolvePrograms(lack, upstream("v1.36"), needs("v1.36"), own);
  expect(resolve).toThrow("it has no iptables, and the upstream artifacts do not contain any");
  expect(resolve).toThrow(
    expect.objectContaining({ fix: expect.stringContaining("--image FILE") as string }),
  );
});

test.each([
  ["another system", { ...bare, os: "flatcar" }],
  ["a version that Debian would not better", guest({ ...ofBookworm, containerd: "1.3.9" })],
])("for %s the help are upstream's artifacts", (_name, facts) => {
  expect(refusal(facts).fix).toContain("--artifacts upstream");
});

test.each(["v1.20.2", "v1.30"])(
  "of a program that nobody releases for %s it is said that the machine must have it",
  (version) => {
    const resolve = () => resolvePrograms(bookworm, debian, needs(version, "cri-o"), own);
    expect(resolve).toThrow("it has no crio, and the debian artifacts do not contain any");
    expect(resolve).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/^Install it in the machine/) as string }),
    );
  },
);

test("a network plugin from elsewhere finds the machine's plugins in the folder it uses itself", () => {
  const foreign = { foreignNetwork: true, profile: "demo" };
  const programs = resolvePrograms(bookworm, debian, needs("v1.20.2"), foreign);
  expect(programs).toMatchObject({ cniBinDir: "/opt/cni/bin", linkCniFrom: "/usr/lib/cni" });
  const there = { ...bookworm, cniBinDir: "/opt/cni/bin" };
  expect(resolvePrograms(there, debian, needs("v1.20.2"), foreign).linkCniFrom).toBeUndefined();
});

test("a CRI server of the machine's own finds plugins in the folder that it told of, and needs none with a network of its own", () => {
  const told = { foreignNetwork: false, profile: "demo", pluginFolder: "/opt/theirs/cni" };
  expect(resolvePrograms(bookworm, debian, needs("v1.20.2"), told)).toMatchObject({
    cniBinDir: "/opt/theirs/cni",
    linkCniFrom: "/usr/lib/cni",
  });
  const same = { ...told, pluginFolder: "/usr/lib/cni" };
  expect(resolvePrograms(bookworm, debian, needs("v1.20.2"), same).linkCniFrom).toBeUndefined();
  const without = { ...bookworm, cniBinDir: "" };
  expect(() => resolvePrograms(without, debian, needs("v1.20.2"), told)).toThrow("cni-plugins");
  const own = resolvePrograms(without, debian, needs("v1.20.2"), { ...told, needsPlugins: false });
  expect(own.linkCniFrom).toBeUndefined();
  expect(own.archives).toEqual([]);
});
