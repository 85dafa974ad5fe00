import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { catalogueEntry } from "../../../src/artifacts/catalogue/catalogue-entry.ts";
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
const releases = [
  ...new Set(Array.from({ length: 18 }, (_, index) => catalogueEntry(`1.${index + 20}`).containerd.install)),
  "1.6.20",
];

/** What every runtime has to be, whichever is added next. */
describe.each(runtimeNames)("runtime %s", (name) => {
  const runtime = runtimeByName(name);

  test("says where it serves and by which unit", () => {
    expect(runtime.endpoint).toMatch(/^unix:\/\/\/(?:var\/)?run\/[\w./-]+\.sock$/);
    expect(runtime.unit).toMatch(/^[\w-]+\.service$/);
  });

  test("has argv for images, never a shell line", () => {
    const ref = "example.test/a b;c:1";
    for (const argv of [runtime.importImage, runtime.listImages, runtime.removeImage(ref)]) {
      expect(argv.length).toBeGreaterThan(1);
      expect(argv[0]).not.toMatch(/(^|\/)(ba|da)?sh$/);
    }
    expect(runtime.removeImage(ref)).toContain(ref);
  });

  test.each(releases)("gives release %s files that parse and name what they were given", (release) => {
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
  });
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

test("'cri' means the default runtime; an unknown name is refused", () => {
  expect(runtimeByName("cri")).toBe(runtimeByName("containerd"));
  expect(() => runtimeByName("containrd")).toThrow(
    expect.objectContaining({
      id: "RUNTIME_UNKNOWN",
      message: "There is no container runtime 'containrd'; did you mean 'containerd'?",
    }),
  );
});
