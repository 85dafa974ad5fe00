import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { knownMinors } from "../../../src/artifacts/catalogue/kubernetes-version.ts";
import type { RuntimeInput } from "../../../src/contract/runtime.ts";
import { runtimeByName, runtimeNames } from "../../../src/runtimes/registry.ts";

const input = (runtimeVersion: string, change: Partial<RuntimeInput> = {}): RuntimeInput => ({
  runtimeVersion,
  pauseImage: "registry.k8s.io/pause:3.9",
  cgroupDriver: "systemd",
  restrictOomScoreAdj: false,
  cniBinDir: "/usr/lib/cni",
  ...change,
});
const minors = knownMinors;
const number = (version: string): number =>
  version.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);

/** What every runtime has to be, whichever is added next. */
describe.each(runtimeNames)("runtime %s", (name) => {
  const runtime = runtimeByName(name);
  const server = runtime.programs.find((program) => program.name === runtime.server);

  test("says where it serves and by which unit", () => {
    expect(runtime.endpoint).toMatch(/^unix:\/\/\/(?:var\/)?run\/[\w./-]+\.sock$/);
    expect(runtime.unit.name).toMatch(/^[\w-]+\.service$/);
    for (const place of ["{{inputs}}", "{{exec}}"]) expect(runtime.unit.text).toContain(place);
    expect(runtime.programs.map((program) => program.name)).toContain(runtime.server);
    expect(runtime.serve("/usr/local/bin/server")[0]).toBe("/usr/local/bin/server");
  });

  test.each(minors)("has for 1.%i versions that go with it, with a digest of what is installed", (minor) => {
    for (const { name: program, versions, release } of runtime.programs) {
      const { floor = "", below, install = "" } = versions(minor) ?? {};
      expect(number(install), program).toBeGreaterThanOrEqual(number(floor));
      if (below !== undefined) expect(number(install)).toBeLessThan(number(below));
      expect(release.digests?.[install], `${program} ${install}`).toBeDefined();
    }
  });

  test("finds the version in what each of its programs prints", () => {
    const said: Readonly<Record<string, readonly [string, string]>> = {
      containerd: [
        "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1",
        "1.6.20~ds1",
      ],
      runc: ["runc version 1.1.5+ds1 commit: 1.1.5+ds1-1+deb12u1 spec: 1.0.2-dev", "1.1.5+ds1"],
    };
    for (const { name: program, version } of runtime.programs)
      expect(version.exec(said[program]![0])?.[1]).toBe(said[program]![1]);
  });

  test("leaves nothing on a node that it does not name", () => {
    const { files, trees, runTrees, sharedFolders, shims } = runtime.footprint;
    for (const path of [...files, ...trees, ...runTrees, ...sharedFolders])
      expect(path).toMatch(/^\/[\w./-]+$/);
    for (const { comm } of shims) expect(comm.length).toBeLessThanOrEqual(15);
    const written = runtime.files(input("1.6.20")).map(({ path }) => path);
    expect(files).toEqual(expect.arrayContaining(written));
    expect(files).toContain(`/etc/systemd/system/${runtime.unit.name}`);
  });

  test("has argv for the import of images, never a shell line", () => {
    expect(runtime.importImage.length).toBeGreaterThan(1);
    expect(runtime.importImage[0]).not.toMatch(/(^|\/)(ba|da)?sh$/);
  });

  const releases = new Set(minors.map((minor) => server?.versions(minor)?.install ?? ""));
  test.each([...releases, "1.6.20"])(
    "gives release %s files that parse and name what they were given",
    (release) => {
      const files = runtime.files(input(release));
      expect(files.length).toBeGreaterThan(0);
      for (const { path, mode, source } of files) {
        expect(path).toMatch(/^\/etc\//);
        expect(mode).toBe(0o644);
        if (source.kind !== "text") throw new Error("a configuration is text");
        if (path.endsWith(".toml")) expect(Object.keys(parse(source.text)).length).toBeGreaterThan(0);
      }
      const all = JSON.stringify(files);
      expect(all).toContain("registry.k8s.io/pause:3.9");
      expect(all).toContain("/usr/lib/cni");
      expect(runtime.files(input(release))).toEqual(files);
      for (const change of [{ cgroupDriver: "cgroupfs" }, { restrictOomScoreAdj: true }] as const)
        expect(runtime.files(input(release, change))).not.toEqual(files);
    },
  );
});

const config = (release: string, change: Partial<RuntimeInput> = {}) => {
  const source = runtimeByName("containerd").files(input(release, change))[0]?.source;
  return parse(source?.kind === "text" ? source.text : "") as {
    version: number;
    plugins: Record<string, Record<string, unknown>>;
  };
};

test.each(["1.6.20", "1.7.34"])("containerd %s gets version 2 and its one CRI plugin", (release) => {
  expect(config(release, { restrictOomScoreAdj: true })).toEqual({
    version: 2,
    plugins: {
      "io.containerd.grpc.v1.cri": {
        sandbox_image: "registry.k8s.io/pause:3.9",
        restrict_oom_score_adj: true,
        containerd: {
          default_runtime_name: "runc",
          runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } } },
        },
        cni: { bin_dir: "/usr/lib/cni", conf_dir: "/etc/cni/net.d" },
        registry: { config_path: "/etc/containerd/certs.d" },
      },
    },
  });
});

test.each([
  ["2.0.5", { bin_dir: "/usr/lib/cni" }],
  ["2.1.9", { bin_dirs: ["/usr/lib/cni"] }],
  ["2.3.4", { bin_dirs: ["/usr/lib/cni"] }],
])("containerd %s gets version 3 and never two spellings of the plugins' folder", (release, folder) => {
  const { version, plugins } = config(release);
  expect(version).toBe(3);
  expect(plugins["io.containerd.cri.v1.images"]).toMatchObject({
    pinned_images: { sandbox: "registry.k8s.io/pause:3.9" },
  });
  expect(plugins["io.containerd.cri.v1.runtime"]?.["cni"]).toEqual({ ...folder, conf_dir: "/etc/cni/net.d" });
});

test("containerd 2 does not go with kubelets before 1.23, whose only CRI it no longer speaks", () => {
  const { versions } = runtimeByName("containerd").programs[0]!;
  for (const minor of minors.filter((one) => one < 23)) {
    expect(number(versions(minor)?.install ?? "")).toBeLessThan(number("2.0.0"));
    expect(versions(minor)?.below).toBeDefined();
  }
});

test("'cri' means the default runtime; an unknown name is refused", () => {
  expect(runtimeByName("cri")).toBe(runtimeByName("containerd"));
  expect(() => runtimeByName("containrd")).toThrow(
    expect.objectContaining({
      id: "RUNTIME_UNKNOWN",
      message: "There is no container runtime 'containrd'; did you mean 'containerd'?",
    }),
  );
});
