import { expect, test } from "vitest";
import { artifactWishes } from "../../../../src/cluster/start/wishes.ts";
import { runtimeByName } from "../../../../src/runtimes/registry.ts";
import { catalogueEntry } from "../../../../src/artifacts/catalogue/catalogue-entry.ts";
import { compareReleases } from "../../../../src/host/versions.ts";
import { resolvePrograms } from "../../../../src/provision/programs/resolve-programs.ts";

const bookworm = {
  containerdVersion: "1.6.20",
  containerdPath: "/usr/bin/containerd",
  runcVersion: "1.1.5",
  etcdVersion: "3.4.23",
  etcdPath: "/usr/bin/etcd",
  cniBinDir: "/usr/lib/cni",
  os: "debian",
  hasIptables: true,
  hasConntrack: true,
};
const bare = {
  containerdVersion: "",
  containerdPath: "",
  runcVersion: "",
  etcdVersion: "",
  etcdPath: "",
  cniBinDir: "",
  os: "debian",
  hasIptables: true,
  hasConntrack: true,
};
const debian = { source: "debian", programs: {} } as const;
const own = { foreignNetwork: false, profile: "demo" };

function upstream(version: string) {
  const { programs } = artifactWishes(version, runtimeByName("cri"));
  const file = (name: string) => ({ file: `/cache/${name}`, sha256: name.padEnd(64, "0"), size: 1 });
  return {
    source: "upstream" as const,
    programs: Object.fromEntries(programs.map((wish) => [wish.name, { ...wish, ...file(wish.name) }])),
  };
}

const names = ({ archives }: ReturnType<typeof resolvePrograms>): readonly string[] =>
  archives.map(({ name }) => name);

test("Debian's machine and artifacts need nothing more for the Kubernetes they are made for", () => {
  expect(resolvePrograms(bookworm, debian, catalogueEntry("v1.20.2"), own)).toEqual({
    etcd: { path: "/usr/bin/etcd", version: "3.4.23" },
    containerd: { path: "/usr/bin/containerd", version: "1.6.20" },
    cniBinDir: "/usr/lib/cni",
    archives: [],
    files: [],
  });
});

test("what is too old for a Kubernetes is pushed, what is good enough stays", () => {
  const old = resolvePrograms(bookworm, upstream("v1.36"), catalogueEntry("v1.36"), own);
  expect(names(old)).toEqual(["etcd", "containerd", "crictl"]);
  expect(old.etcd).toEqual({ path: "/usr/local/bin/etcd", version: "3.6.8" });
  expect(old.containerd).toEqual({ path: "/usr/local/bin/containerd", version: "2.3.4" });
  expect(old.cniBinDir).toBe("/usr/lib/cni");
  expect(old.files.map(({ path }) => path)).toEqual([
    "/usr/local/sbin/runc",
    "/var/lib/localkube/programs/runc.unpacked",
  ]);
  const fresh = { ...bookworm, etcdVersion: "3.6.9", containerdVersion: "2.2.1", runcVersion: "1.4.3" };
  const kept = resolvePrograms(fresh, upstream("v1.36"), catalogueEntry("v1.36"), own);
  expect(names(kept)).toEqual(["crictl"]);
  expect(kept.files).toEqual([]);
  expect(kept.containerd).toEqual({ path: "/usr/bin/containerd", version: "2.2.1" });
});

test("a runtime too new for an old Kubernetes' CRI is replaced too", () => {
  const modern = { ...bookworm, containerdVersion: "2.1.0" };
  const programs = resolvePrograms(modern, upstream("v1.21"), catalogueEntry("v1.21"), own);
  expect(programs.containerd.version).toBe("1.7.34");
});

test("an etcd release that loses data is never good enough", () => {
  const corrupting = { ...bookworm, etcdVersion: "3.5.1" };
  expect(resolvePrograms(corrupting, upstream("v1.20"), catalogueEntry("v1.20"), own).etcd.version).toBe(
    "3.4.13",
  );
});

test("a bare machine gets everything from upstream, for every Kubernetes", () => {
  for (let minor = 20; minor <= 37; minor++) {
    const version = `v1.${minor}`;
    const programs = resolvePrograms(bare, upstream(version), catalogueEntry(version), own);
    expect(names(programs)).toEqual(["etcd", "containerd", "cni-plugins", "crictl"]);
    expect(programs.cniBinDir).toBe("/opt/cni/bin");
    const { floor, below } = catalogueEntry(version).containerd;
    expect(compareReleases(programs.containerd.version, floor)).toBeGreaterThanOrEqual(0);
    if (below) expect(compareReleases(programs.containerd.version, below)).toBeLessThan(0);
  }
});

test.each([
  ["etcd", { etcdVersion: "" }, "it has no etcd"],
  ["containerd", { containerdVersion: "1.3.9" }, "its containerd 1.3.9 does not go with this Kubernetes"],
  ["runc", { runcVersion: "" }, "it has no runc"],
  ["CNI plugins", { cniBinDir: "" }, "it has no cni-plugins"],
])("without %s and without an archive of it the machine is refused", (_name, lack, problem) => {
  const resolve = () => resolvePrograms({ ...bookworm, ...lack }, debian, catalogueEntry("v1.20.2"), own);
  expect(resolve).toThrow(expect.objectContaining({ id: "GUEST_UNSUITABLE" }));
  expect(resolve).toThrow(problem);
});

const refusal = (facts: Partial<typeof bookworm>): { message: string; fix: string } => {
  try {
    resolvePrograms({ ...bookworm, ...facts }, debian, catalogueEntry("v1.20.2"), own);
  } catch (error) {
    return error as { message: string; fix: string };
  }
  throw new Error("it was taken");
};

test("a cloud image of Debian is told all that it lacks, and how to get it", () => {
  const { message, fix } = refusal({ ...bare, hasIptables: false, hasConntrack: false });
  expect(message).toContain(
    "it has no etcd, no containerd, no cni-plugins, no runc, no iptables, no conntrack, and the debian artifacts do not contain any",
  );
  expect(fix).toBe(
    "localkube ssh -p demo -- 'apt-get update && apt-get install -y etcd-server containerd containernetworking-plugins runc iptables conntrack', then run the same command again",
  );
});

test("upstream artifacts do not help a machine without iptables", () => {
  const lack = { ...bare, hasIptables: false, os: "alien" };
  const resolve = () => resolvePrograms(lack, upstream("v1.36"), catalogueEntry("v1.36"), own);
  expect(resolve).toThrow("it has no iptables, and the upstream artifacts do not contain any");
  expect(resolve).toThrow(
    expect.objectContaining({ fix: expect.stringContaining("--image FILE") as string }),
  );
});

test.each([
  ["another system", { ...bare, os: "flatcar" }],
  ["a version that Debian would not better", { containerdVersion: "1.3.9" }],
])("for %s the help are upstream's artifacts", (_name, facts) => {
  expect(refusal(facts).fix).toContain("--artifacts upstream");
});

test("a network plugin from elsewhere finds the machine's plugins in the folder it uses itself", () => {
  const foreign = { foreignNetwork: true, profile: "demo" };
  const programs = resolvePrograms(bookworm, debian, catalogueEntry("v1.20.2"), foreign);
  expect(programs).toMatchObject({ cniBinDir: "/opt/cni/bin", linkCniFrom: "/usr/lib/cni" });
  const there = { ...bookworm, cniBinDir: "/opt/cni/bin" };
  expect(resolvePrograms(there, debian, catalogueEntry("v1.20.2"), foreign).linkCniFrom).toBeUndefined();
});
