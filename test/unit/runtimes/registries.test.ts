import { parse } from "smol-toml";
import { expect, test } from "vitest";
import type { Registry, RuntimeInput } from "../../../src/contract/runtime.ts";
import { runtimeFor } from "../../../src/runtimes/registry.ts";
import { runtimeInput } from "../../fixtures/runtimes/runtime-input.ts";

const registries: readonly Registry[] = [
  { name: "10.0.0.5:5000", mirrors: [], insecure: true },
  { name: "docker.io", mirrors: ["https://mirror.example", "http://plain.example:5001"], insecure: false },
  { name: "mirror.example", mirrors: [], insecure: false, authority: "mirror's authority\n" },
  { name: "quay.io", mirrors: ["https://mirror.example/quay"], insecure: false },
  { name: "reg.example:5000", mirrors: [], insecure: false, authority: "an authority\n" },
];
const input = (runtimeVersion: string, change: Partial<RuntimeInput> = {}): RuntimeInput =>
  runtimeInput(runtimeVersion, { registries, ...change });
const runtimeOf = (name: string) => runtimeFor(name, { version: "v1.23", minor: 23 });

/** What is read at the start, and what at each pull. */
const rendered = (name: string, all: RuntimeInput): string =>
  [...runtimeOf(name).files(all), "# read at each pull", ...runtimeOf(name).registryFiles(all)]
    .map((entry) => {
      if (typeof entry === "string") return entry;
      if (entry.source.kind !== "text") throw new Error("a configuration is text");
      return `# ${entry.path} ${entry.mode.toString(8)}\n${entry.source.text}`;
    })
    .join("\n");

test.each(["1.4.13", "1.6.20", "1.7.34", "2.0.5", "2.3.4"])("containerd %s", async (release) => {
  await expect(rendered("containerd", input(release))).toMatchFileSnapshot(
    `snapshots/registries-containerd-${release}.txt`,
  );
});

/** Others than docker.io have no mirrors there, and no mirror has a path. */
const forDocker = registries.map((one) => (one.name === "docker.io" ? one : { ...one, mirrors: [] }));

test.each(["20.10.24", "28.5.2"])("docker %s", async (release) => {
  await expect(rendered("docker", input(release, { registries: forDocker }))).toMatchFileSnapshot(
    `snapshots/registries-docker-${release}.txt`,
  );
});

test.each(["1.23.0", "1.36.3"])("cri-o %s", async (release) => {
  await expect(rendered("cri-o", input(release))).toMatchFileSnapshot(
    `snapshots/registries-cri-o-${release}.txt`,
  );
});

test("containerd since 1.5 has nothing of registries in its configuration but the folder, so no change restarts it", () => {
  const files = (release: string, list: readonly Registry[]) =>
    runtimeOf("containerd").files(input(release, { registries: list }));
  for (const release of ["1.5.0", "1.7.34", "2.3.4"])
    expect(files(release, registries)).toEqual(files(release, []));
  expect(files("1.4.13", registries)).not.toEqual(files("1.4.13", []));
});

test("hosts.toml always has a host, in the order in which they are asked", () => {
  for (const { path, source } of runtimeOf("containerd").registryFiles(input("1.6.20"))) {
    if (!path.endsWith("/hosts.toml")) continue;
    const { host } = parse(source.kind === "text" ? source.text : "") as { host: object };
    expect(Object.keys(host).length, path).toBeGreaterThan(0);
    if (path.includes("/docker.io/"))
      expect(Object.keys(host)).toEqual([
        "https://mirror.example",
        "http://plain.example:5001",
        "https://registry-1.docker.io",
      ]);
  }
});

test("docker refuses mirrors of other registries and mirrors with a path, the others take both", () => {
  const refused = (name: string, list: readonly Registry[]) => runtimeOf(name).refusedRegistry(list);
  expect(refused("docker", registries)).toEqual({
    name: "quay.io",
    problem: "it has mirrors for docker.io only",
  });
  expect(
    refused("docker", [{ name: "docker.io", mirrors: ["https://m.example/hub"], insecure: false }]),
  ).toMatchObject({ name: "docker.io", problem: expect.stringContaining("https://m.example/hub") as string });
  expect(refused("docker", forDocker)).toBeUndefined();
  for (const name of ["containerd", "cri-o"]) expect(refused(name, registries)).toBeUndefined();
});
