import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { artifactWishes } from "../../../src/cluster/start/wishes.ts";
import { runtimeClasses } from "../../../src/provision/cluster/runtime-classes.ts";
import { nodeFiles } from "../../../src/provision/node/node-files.ts";
import { resolvePrograms } from "../../../src/provision/programs/resolve-programs.ts";
import { ociRuntimes, ociRuntimesByName, withOciRuntimes } from "../../../src/runtimes/oci/registry.ts";
import { runtimeFor } from "../../../src/runtimes/registry.ts";
import { clusterSpec, nodeSample } from "../provision/node/node-sample.ts";

const at = (minor: number) => ({ version: `v1.${minor}`, minor });

describe("OCI runtimes by name", () => {
  test("runc is always there, and a name counts once", () => {
    expect(ociRuntimesByName(["runc", "crun", "crun"]).map(({ name }) => name)).toEqual(["crun"]);
    expect(() => ociRuntimesByName(["cruns"])).toThrow(
      expect.objectContaining({
        id: "OCI_RUNTIME_UNKNOWN",
        message: expect.stringContaining("'crun'") as string,
      }),
    );
  });

  test("a runtime whose pods cannot choose takes none", () => {
    expect(() => withOciRuntimes(runtimeFor("docker", at(20)), ociRuntimesByName(["crun"]))).toThrow(
      expect.objectContaining({ id: "OCI_RUNTIME_NOT_TAKEN" }),
    );
    expect(withOciRuntimes(runtimeFor("docker", at(20)), [])).toBe(runtimeFor("docker", at(20)));
  });

  test("has a version that can be fetched with its digest, or is used only where the machine has it", () => {
    for (const { name, programs } of ociRuntimes)
      for (const { versions, release } of programs) {
        const install = versions(36)?.install;
        if (install === undefined) expect(name).toBe("kata");
        else expect(release.digests?.[install], name).toMatchObject({ amd64: {}, arm64: {} });
      }
    const wished = artifactWishes("v1.36", "containerd", ["crun", "runsc", "kata"]).programs.map(
      (one) => one.name,
    );
    expect(wished).toEqual(expect.arrayContaining(["crun", "runsc", "containerd-shim-runsc-v1"]));
    expect(wished).not.toContain("containerd-shim-kata-v2");
  });

  test("crun and kata say what a machine lacks for them", () => {
    const obstacles = (cgroupVersion: 1 | 2, hasKvm: boolean) =>
      ociRuntimes.filter(({ obstacle }) => obstacle({ cgroupVersion, hasKvm })).map(({ name }) => name);
    expect(obstacles(2, true)).toEqual([]);
    expect(obstacles(1, true)).toEqual(["crun"]);
    expect(obstacles(2, false)).toEqual(["kata"]);
  });

  test("finds the version in what each prints", () => {
    const said: Readonly<Record<string, string>> = {
      crun: "crun version 1.8.1 commit: f8a096be060b22ccd3d5f3ebe44108517fbf6c30 rundir: /run/crun",
      youki: "youki version: 0.5.7 commit: 0.5.7-0-g",
      runsc: "runsc version release-20260817.0 spec: 1.1.0-rc.1",
    };
    const versions = ociRuntimes.flatMap(({ programs }) =>
      programs.flatMap(({ name, version }) => (said[name] ? [version.exec(said[name])?.[1]] : [])),
    );
    expect(versions).toEqual(["1.8.1", "0.5.7", "20260817.0"]);
  });
});

test.each([20, 36])(
  "each becomes a handler of containerd with Kubernetes 1.%i, runc stays, and one is the default",
  (minor) => {
    const sample = nodeSample(minor, {
      spec: { ociRuntimes: ["crun", "runsc"], defaultOciRuntime: "crun" },
      facts: { cgroupVersion: 2 },
    });
    const file = nodeFiles(sample).runtime.files.find(({ path }) => path === "/etc/containerd/config.toml");
    const { plugins } = parse(file?.source.kind === "text" ? file.source.text : "") as {
      plugins: Record<string, { containerd?: object }>;
    };
    const [containers] = Object.values(plugins).flatMap(({ containerd }) => (containerd ? [containerd] : []));
    expect(containers).toEqual({
      default_runtime_name: "crun",
      runtimes: {
        runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } },
        crun: {
          runtime_type: "io.containerd.runc.v2",
          options: { BinaryName: "/usr/local/sbin/crun", SystemdCgroup: true },
        },
        runsc: { runtime_type: "io.containerd.runsc.v1" },
      },
    });
  },
);

test("the machine's own program is used where it is good enough", () => {
  const { artifacts, facts } = nodeSample(36, { spec: { ociRuntimes: ["crun"] } });
  const runtime = withOciRuntimes(runtimeFor("containerd", at(36)), ociRuntimesByName(["crun"]));
  const programs = { ...facts.programs, crun: { path: "/usr/bin/crun", version: "1.8.1" } };
  const found = resolvePrograms(
    { ...facts, programs },
    artifacts,
    { minor: 36, etcd: "3.6.8", runtime },
    { foreignNetwork: false, profile: "demo" },
  );
  expect(found.runtime.get("crun")).toEqual({ path: "/usr/bin/crun", version: "1.8.1" });
});

test("pods choose each by a RuntimeClass, which has our mark", () => {
  expect(clusterSpec().ociRuntimes).toEqual([]);
  expect(runtimeClasses(ociRuntimesByName(["runsc"]))).toEqual([
    {
      apiVersion: "node.k8s.io/v1",
      kind: "RuntimeClass",
      metadata: { name: "gvisor", labels: { "app.kubernetes.io/managed-by": "localkube" } },
      handler: "runsc",
    },
  ]);
});
