import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { knownMinors } from "../../../src/artifacts/catalogue/kubernetes-version.ts";
import type { RuntimeInput } from "../../../src/contract/runtime.ts";
import { runtimeByName, runtimeFor, runtimes } from "../../../src/runtimes/registry.ts";
import { runtimeInput } from "../../fixtures/runtimes/runtime-input.ts";

const minors = knownMinors;
const number = (version: string): number =>
  version.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);

/** What every runtime has to be, whichever is added next. */
describe.each(runtimes.map(({ name }) => name))("runtime %s", (name) => {
  const definition = runtimeByName(name);
  const served = minors.filter((minor) => definition.at(minor));
  const at = (minor: number) => runtimeFor(name, { version: `v1.${minor}`, minor });

  test("has names of its own, and no word of another", () => {
    const others = runtimes.filter((one) => one !== definition);
    for (const word of [name, ...definition.aliases]) {
      expect(runtimeByName(word)).toBe(definition);
      expect(others.flatMap((one) => [one.name, ...one.aliases])).not.toContain(word);
    }
  });

  test("goes with a minor, and refuses those it does not go with by their name", () => {
    expect(served.length).toBeGreaterThan(0);
    for (const minor of minors.filter((one) => !served.includes(one)))
      expect(() => at(minor)).toThrow(
        expect.objectContaining({
          id: "RUNTIME_NOT_FOR_VERSION",
          message: expect.stringContaining(
            `${name} that localkube knows goes with Kubernetes v1.${minor}`,
          ) as string,
        }),
      );
  });

  describe.each(served)("for 1.%i", (minor) => {
    const runtime = at(minor);
    const server = runtime.programs.find((program) => program.name === runtime.server);
    const { floor: oldest = "", install: release = oldest } = server?.versions(minor) ?? {};

    test("says where it serves and by which units", () => {
      expect(runtime.name).toBe(name);
      expect(runtime.endpoint).toMatch(/^unix:\/\/\/(?:var\/)?run\/[\w./-]+\.sock$/);
      expect(runtime.units.length).toBeGreaterThan(0);
      for (const { name: unit, text, program } of runtime.units) {
        expect(unit).toMatch(/^[\w-]+\.(service|socket)$/);
        expect(text).toContain("{{inputs}}");
        expect(text.includes("{{exec}}")).toBe(program !== undefined);
        if (program !== undefined) expect(runtime.programs.map((one) => one.name)).toContain(program);
      }
      expect(server).toBeDefined();
    });

    test("has versions of its programs that go with it, with a digest of what is installed", () => {
      for (const { name: program, versions, release: published } of runtime.programs) {
        const { floor = "", below, install } = versions(minor) ?? {};
        expect(floor, program).not.toBe("");
        if (install === undefined) {
          // Without a known release it is used where a machine has it.
          expect(name, program).toBe("cri-o");
          continue;
        }
        expect(number(install), program).toBeGreaterThanOrEqual(number(floor));
        if (below !== undefined) expect(number(install)).toBeLessThan(number(below));
        expect(published.digests?.[install], `${program} ${install}`).toBeDefined();
      }
    });

    test("leaves nothing on a node that it does not name", () => {
      const { files, trees, runTrees, sharedFolders, shims } = definition.footprint;
      for (const path of [...files, ...trees, ...runTrees, ...sharedFolders])
        expect(path).toMatch(/^\/[\w./-]+$/);
      for (const { comm } of shims) expect(comm.length).toBeLessThanOrEqual(15);
      const written = runtime
        .files(runtimeInput(release, { restrictOomScoreAdj: true }))
        .map(({ path }) => path);
      expect(files).toEqual(expect.arrayContaining(written));
      for (const { name: unit } of runtime.units) {
        expect(files).toContain(`/etc/systemd/system/${unit}`);
        expect(definition.unitNames).toContain(unit);
      }
      for (const { release: published } of runtime.programs)
        for (const member of published.unpack?.members ?? [])
          expect(files).toContain(`/usr/local/bin/${member.replace(/^.*\//, "")}`);
    });

    test("is told of registries, each in a folder of its own, and of logins nothing", () => {
      const { registryFolder, sharedFolders } = definition.footprint;
      expect(sharedFolders).toContain(registryFolder);
      const hub = { name: "docker.io", mirrors: ["https://mirror.example"], insecure: false };
      const own = { name: "reg.example:5000", mirrors: [], insecure: true, authority: "a certificate\n" };
      const registries = [hub, own];
      expect(runtime.refusedRegistry(registries)).toBeUndefined();
      const told = runtimeInput(release, { registries });
      const files = [...runtime.files(told), ...runtime.registryFiles(told)];
      const text = files.map(({ source }) => (source.kind === "text" ? source.text : "")).join("\n");
      for (const word of ["mirror.example", "reg.example:5000", "a certificate"])
        expect(text).toContain(word);
      for (const { path, mode } of runtime.registryFiles(told)) {
        expect(path.slice(registryFolder.length)).toMatch(/^\/[\w.:-]+\/[\w.-]+$/);
        expect(path.startsWith(`${registryFolder}/`)).toBe(true);
        expect(mode).toBe(0o644);
      }
      expect(runtime.registryFiles(runtimeInput(release))).toEqual([]);
    });

    test("has argv for the import of images, never a shell line", () => {
      const { imageImport } = runtime;
      if (imageImport?.by === "pull") return;
      expect(imageImport?.argv.length).toBeGreaterThan(1);
      expect(imageImport?.argv[0]).not.toMatch(/(^|\/)(ba|da)?sh$/);
    });

    test("is given the sandbox image, the plugins and the cgroup driver, and nothing else changes its files", () => {
      const given = (change: Partial<RuntimeInput> = {}) => {
        const all = runtimeInput(release, change);
        const flags = runtime.kubelet.flags?.(all) ?? {};
        return JSON.stringify([runtime.files(all), runtime.units.map((unit) => unit.arguments(all)), flags]);
      };
      for (const { path, mode, source } of runtime.files(runtimeInput(release))) {
        expect(path).toMatch(/^\/etc\//);
        expect(mode).toBe(0o644);
        if (source.kind !== "text") throw new Error("a configuration is text");
        if (/\.(toml|conf)$/.test(path)) expect(Object.keys(parse(source.text)).length).toBeGreaterThan(0);
        if (path.endsWith(".json"))
          expect(Object.keys(JSON.parse(source.text) as object).length).toBeGreaterThan(0);
      }
      expect(given()).toBe(given());
      expect(given()).toContain("/usr/lib/cni");
      for (const change of [{ cgroupDriver: "cgroupfs" }, { restrictOomScoreAdj: true }] as const)
        expect(given(change)).not.toBe(given());
      // The kubelet itself, where it is the CRI server, gets the image by a flag that it has with every runtime.
      if (!runtime.kubelet.flags) expect(given()).toContain("registry.k8s.io/pause:3.9");
    });
  });

  test("finds the version in what each of its programs prints", () => {
    const said: Readonly<Record<string, readonly [string, string]>> = {
      containerd: [
        "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1",
        "1.6.20~ds1",
      ],
      runc: ["runc version 1.1.5+ds1 commit: 1.1.5+ds1-1+deb12u1 spec: 1.0.2-dev", "1.1.5+ds1"],
      dockerd: ["Docker version 20.10.24+dfsg1, build 5d6db84", "20.10.24+dfsg1"],
      "cri-dockerd": ["cri-dockerd 0.4.3 (b5ec5e2)", "0.4.3"],
      crio: ["crio version 1.36.3    GitCommit:      f954a17    GitTreeState:   clean", "1.36.3"],
    };
    for (const { name: program, version } of definition.programs)
      expect(version.exec(said[program]![0])?.[1]).toBe(said[program]![1]);
  });
});

const config = (release: string, change: Partial<RuntimeInput> = {}) => {
  const source = runtimeFor("containerd", { version: "v1.24", minor: 24 }).files(
    runtimeInput(release, change),
  )[0]?.source;
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

const daemon = (release: string, change: Partial<RuntimeInput> = {}) => {
  const [file] = runtimeFor("docker", { version: "v1.24", minor: 24 }).files(runtimeInput(release, change));
  return JSON.parse(file?.source.kind === "text" ? file.source.text : "") as Record<string, unknown>;
};

test("docker lets pods be forwarded by a key that only releases from 28 on know", () => {
  expect(daemon("28.5.2")).toMatchObject({ "ip-forward-no-drop": true, "live-restore": true });
  expect(daemon("27.5.1")).not.toHaveProperty("ip-forward-no-drop");
  expect(daemon("20.10.24", { cgroupDriver: "cgroupfs" })["exec-opts"]).toEqual([
    "native.cgroupdriver=cgroupfs",
  ]);
});

test("docker's kubelet up to 1.23 is its CRI server, later ones are told where it is, and not to speak WebSocket", () => {
  const at = (minor: number) => runtimeFor("docker", { version: `v1.${minor}`, minor });
  expect(at(23).kubelet.flags?.(runtimeInput("20.10.24"))).toMatchObject({
    "container-runtime": "docker",
    "cni-bin-dir": "/usr/lib/cni",
  });
  expect(at(23).programs.map((one) => one.name)).toEqual(["dockerd"]);
  expect(at(24)).toMatchObject({ endpoint: "unix:///run/cri-dockerd.sock", kubelet: {} });
  expect(at(24).programs.map((one) => one.name)).toEqual(["dockerd", "cri-dockerd"]);
  expect(at(36).kubelet).toEqual({ config: { featureGates: { ExtendWebSocketsToKubelet: false } } });
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
