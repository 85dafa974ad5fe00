import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { fetchArtifacts, planArtifacts } from "../../../src/artifacts/artifact-set.ts";
import {
  debianImageKey,
  debianImageRecipe,
  debianImageRef,
} from "../../../src/artifacts/debian-image/recipes.ts";
import { debianImages, debianImagesComplete } from "../../../src/artifacts/debian-image/images.ts";
import { debianFileNames } from "../../../src/artifacts/debian/artifact-files.ts";
import { debianIdentity } from "../../../src/artifacts/debian-source.ts";
import { inspectArchive } from "../../../src/artifacts/image/inspect-archive.ts";
import { pullMirror } from "../../../src/artifacts/mirror.ts";
import { verifyMirror } from "../../../src/artifacts/verify-mirror.ts";
import { programReleases } from "../../../src/cluster/start/wishes.ts";
import type { HostContext } from "../../../src/contract/host.ts";
import { wishesOf } from "../artifacts/fake-release.ts";
import {
  hasty,
  put,
  sha256,
  temporaryFolder,
  type TestContext,
  testContext,
} from "../artifacts/test-context.ts";
import { elfFile } from "./elf-file.ts";

const wish = { name: "registry", ref: "localkube.local/docker-registry", neededBy: "the addon registry" };
const recipe = debianImageRecipe(wish.ref)!;
const tree = `debian/bookworm/images/docker-registry/${debianImageKey(recipe)}/linux/amd64`;
const arch = "amd64";

let folder: string;
let c: TestContext;
beforeEach(async () => {
  folder = await temporaryFolder();
  c = testContext(folder, { env: { HTTPS_PROXY: "http://127.0.0.1:1" } });
});

describe("recipes", () => {
  test("are found by reference and by nothing else", () => {
    expect(recipe.name).toBe("docker-registry");
    for (const ref of ["docker-registry", "localkube.local/pause", "docker.io/library/docker-registry"])
      expect(debianImageRecipe(ref)).toBeUndefined();
  });

  test("give another key, and with it another reference, when anything of them changes", () => {
    const changed = { ...recipe, config: { ...recipe.config, Env: ["A=1"] } };
    expect(debianImageKey(changed)).not.toBe(debianImageKey(recipe));
    expect(debianImageRef(recipe)).toBe(`localkube.local/docker-registry:${debianImageKey(recipe)}`);
  });
});

/** A mirror with that image, which is not one. */
async function putImage(mirror: string, content = randomBytes(500)): Promise<void> {
  await put(join(mirror, tree, "docker-registry.tar"), content);
  await put(join(mirror, tree, "SHA256SUMS"), `${sha256(content)}  docker-registry.tar\n`);
}

describe("from a mirror", () => {
  test("an image alone needs nothing of Kubernetes, and is found in the cache the second time", async () => {
    const mirror = join(folder, "mirror");
    await putImage(mirror);
    const wishes = { programs: [], images: [wish] };
    const request = { kubernetesVersion: "", artifacts: "debian", mirror } as const;
    const plan = await planArtifacts(request, () => wishes, c.host);
    expect(plan.complete).toBe(false);
    const set = await fetchArtifacts(plan, c, { limits: hasty });
    expect(set).toMatchObject({
      source: "debian",
      programs: {},
      images: { registry: { ref: debianImageRef(recipe) } },
    });
    await rm(mirror, { recursive: true });
    const again = await planArtifacts({ ...request, mirror: "" }, () => wishes, c.host);
    expect(again.complete).toBe(true);
    expect(await fetchArtifacts(again, c)).toEqual(set);
  });

  test("a damaged image is a miss, and is fetched again", async () => {
    const mirror = join(folder, "mirror");
    await putImage(mirror);
    const get = async () =>
      (await debianImages([wish], { arch, mirror }, c, { limits: hasty })).images.get("registry")!;
    const { file, sha256: right } = await get();
    await writeFile(file, "damaged");
    expect(await debianImagesComplete([wish], arch, c)).toBe(false);
    expect((await get()).sha256).toBe(right);
    expect(sha256(await readFile(file))).toBe(right);
  });

  test("a mirror that is pulled has the images that are wished beside Kubernetes", async () => {
    const mirror = join(folder, "mirror");
    await putImage(mirror);
    const base = join(mirror, await debianIdentity(arch));
    for (const name of debianFileNames) await put(join(base, name), name);
    await put(join(base, "SHA256SUMS"), debianFileNames.map((name) => `${sha256(name)}  ${name}\n`).join(""));
    const wishes = (version: string) => {
      const { programs, images } = wishesOf(version);
      return { programs, images: [...images, wish] };
    };
    const request = { kubernetesVersion: "", artifacts: "debian", mirror } as const;
    const plan = await planArtifacts(request, wishes, c.host);
    const { images } = await fetchArtifacts(plan, c, { limits: hasty });
    expect(Object.keys(images)).toEqual(["pause", "cluster-dns", "registry"]);
    const copy = join(folder, "copy");
    expect(await pullMirror(plan, copy, c)).toMatchObject({ files: debianFileNames.length + 3 });
    expect(await readFile(join(copy, tree, "docker-registry.tar"))).toHaveLength(500);
    expect(await verifyMirror(copy, programReleases(), c)).toMatchObject({ bad: [], unverified: [] });
  });
});

describe("made of packages", () => {
  /** A host whose mmdebstrap unpacks what a package of the registry would have. */
  function host(unpacked: Readonly<Record<string, string | Uint8Array | undefined>>): {
    readonly argvs: string[][];
    readonly host: HostContext;
  } {
    const argvs: string[][] = [];
    const run: HostContext["run"] = async (argv) => {
      argvs.push([...argv]);
      const at = argv.indexOf("mmdebstrap");
      const target = argv.find((word) => word.includes("debian-images-amd64/"));
      if (at > 0 && target !== undefined)
        for (const [path, content] of Object.entries(unpacked))
          if (content !== undefined) await put(join(target, path), content);
      if (argv.includes("rm")) await rm(argv.at(-1)!, { recursive: true, force: true });
      return { stdout: "", stderr: "", exitCode: 0 };
    };
    return { argvs, host: { ...c.host, isRoot: true, run } };
  }
  const whole = {
    "/usr/bin/docker-registry": elfFile({ libraries: ["libc.so.6"] }),
    "/lib/x86_64-linux-gnu/libc.so.6": elfFile(),
    "/etc/docker/registry/config.yml": "version: 0.1\n",
    "/usr/share/ca-certificates/mozilla/B.crt": "second",
    "/usr/share/ca-certificates/mozilla/A.crt": "first\n",
  };
  const make = (one: { readonly host: HostContext }) =>
    debianImages([wish], { arch, mirror: "" }, { ...c, host: one.host });

  test("an image is made once, and runs as the user of the recipe", async () => {
    const first = host(whole);
    const { images } = await make(first);
    const { file, ref } = images.get("registry")!;
    expect(ref).toBe(debianImageRef(recipe));
    const built = first.argvs.filter((argv) => argv.includes("--variant=extract"));
    expect(built).toHaveLength(1);
    expect(built[0]).toContain("--include=ca-certificates,docker-registry");
    expect(dirname(file)).toBe(join(c.host.cacheDir, "artifacts", tree));
    expect(await inspectArchive(file, c.signal)).toMatchObject({ images: [{ names: [ref] }] });
    const content = await readFile(file, "latin1");
    for (const text of [`"User":"1000:1000"`, "registry:x:1000:1000:", "first\nsecond\n"])
      expect(content).toContain(text);
    const second = host(whole);
    expect((await make(second)).images.get("registry")).toEqual(images.get("registry"));
    expect(second.argvs).toEqual([]);
  });

  test("the same packages give the same bytes", async () => {
    const sums: string[] = [];
    while (sums.length < 2) {
      const { file, sha256: sum } = (await make(host(whole))).images.get("registry")!;
      sums.push(sum);
      await rm(dirname(file), { recursive: true });
    }
    expect(sums[0]).toBe(sums[1]);
  });

  test("what fails after the packages were unpacked goes on from there", async () => {
    const incomplete = { ...whole, "/lib/x86_64-linux-gnu/libc.so.6": undefined };
    await expect(make(host(incomplete))).rejects.toMatchObject({
      id: "DEBIAN_BUILD_FAILED",
      message: expect.stringContaining("Building docker-registry from Debian's packages failed") as unknown,
      output: expect.stringContaining("wants the library libc.so.6") as unknown,
    });
    const again = host(whole);
    await expect(make(again)).rejects.toMatchObject({ id: "DEBIAN_BUILD_FAILED" });
    expect(again.argvs.filter((argv) => argv.includes("--variant=extract"))).toEqual([]);
  });
});
