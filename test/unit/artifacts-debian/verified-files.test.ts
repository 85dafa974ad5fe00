import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { debianSet, debianFileNames } from "../../../src/artifacts/debian/artifact-files.ts";
import { debianPaths, type DebianPaths } from "../../../src/artifacts/debian/paths.ts";
import { parseSums, recordFiles, verifiedFiles } from "../../../src/artifacts/debian/verified-files.ts";
import { artifactWishes } from "../../../src/cluster/start/wishes.ts";
import { wishedImage, wishedProgram } from "../../../src/contract/artifact.ts";
import { kubernetesPrograms } from "../../../src/contract/components.ts";
import { defaultRuntimeName } from "../../../src/runtimes/registry.ts";
import { tempContext } from "./temp-context.ts";

const never = new AbortController().signal;

async function tree(): Promise<DebianPaths> {
  const { folder } = await tempContext();
  const paths = debianPaths(folder, "0123456789-abcdef0123", "amd64");
  await mkdir(paths.artifacts, { recursive: true });
  for (const name of debianFileNames) await writeFile(join(paths.artifacts, name), `content of ${name}`);
  return paths;
}

const names = async (paths: DebianPaths) => [...(await verifiedFiles(paths, never)).keys()];
const without = (name: string) => debianFileNames.filter((other) => other !== name);

describe("verifiedFiles", () => {
  it("believes nothing before SHA256SUMS is written", async () => {
    const paths = await tree();
    expect(await names(paths)).toEqual([]);
    await recordFiles(paths, never);
    expect(await names(paths)).toEqual(debianFileNames);
  });

  it("writes what sha256sum can check", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    const { c } = await tempContext();
    const { stdout } = await c.host.run(["sha256sum", "--check", "SHA256SUMS"], { cwd: paths.artifacts });
    expect(stdout.trimEnd().split("\n")).toEqual(debianFileNames.map((name) => `${name}: OK`));
  });

  it("leaves out a file that was altered, emptied or removed, and takes it back when it is right again", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    const kubelet = join(paths.artifacts, "kubelet");
    await writeFile(kubelet, "another content");
    expect(await names(paths)).toEqual(without("kubelet"));
    await writeFile(kubelet, "");
    expect(await names(paths)).toEqual(without("kubelet"));
    await rm(kubelet);
    expect(await names(paths)).toEqual(without("kubelet"));
    await writeFile(kubelet, "content of kubelet");
    expect(await names(paths)).toEqual(debianFileNames);
  });

  it("reads content again only when size, time or inode changed", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    await verifiedFiles(paths, never);
    const kubectl = join(paths.artifacts, "kubectl");
    const { atime, mtime } = await stat(kubectl);
    await utimes(kubectl, atime, mtime); // whole milliseconds from here on
    expect(await names(paths)).toEqual(debianFileNames);
    const before = await stat(kubectl);
    await writeFile(kubectl, "content of kubecTL");
    await utimes(kubectl, before.atime, before.mtime);
    expect(await names(paths)).toEqual(debianFileNames); // by the memo
    await rm(paths.memo);
    expect(await names(paths)).toEqual(without("kubectl")); // by content
  });

  it("hashes again when the memo is damaged", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    await writeFile(paths.memo, "{ not json");
    expect(await names(paths)).toEqual(debianFileNames);
    expect(JSON.parse(await readFile(paths.memo, "utf8"))).toHaveProperty("kubelet.sha256");
  });
});

describe("parseSums", () => {
  it("takes both forms of lines and leaves out what is none", () => {
    const digest = "a".repeat(64);
    expect([...parseSums(`${digest}  one\n${digest} *two\nfoo\n${digest.slice(1)}  three\n`)]).toEqual([
      ["one", digest],
      ["two", digest],
    ]);
  });
});

describe("debianSet", () => {
  const key = "0123456789-abcdef0123-4567890123";
  const wishes = artifactWishes("v1.20.2", defaultRuntimeName);

  it("has what is wished and was built, under references that follow the content", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    const files = await verifiedFiles(paths, never);
    const set = debianSet({ key, files }, { wishes });
    expect(set).toMatchObject({ source: "debian", kubernetesVersion: "v1.20.2" });
    // etcd and the runtime are packages of the guest.
    expect(Object.keys(set.programs).sort()).toEqual([...kubernetesPrograms].sort());
    for (const name of kubernetesPrograms) {
      const { file, version } = wishedProgram(set, name);
      expect([version, file.endsWith(`/linux/amd64/${name}`)]).toEqual(["1.20.2", true]);
    }
    expect(wishedImage(set, "pause").ref).toBe("localkube.local/pause:3.2");
    expect(wishedImage(set, "cluster-dns").ref).toBe("localkube.local/cluster-dns:0123456789-abcdef0123");
    expect(() => wishedProgram(set, "etcd")).toThrow(
      /'etcd' was not wished, or the debian artifacts have none/,
    );
  });

  it("names the image of an addon's program by what is in that program, when an addon wishes it", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    const image = { ...wishes.images[0]!, name: "addon-programs" };
    const files = await verifiedFiles(paths, never);
    const set = debianSet({ key, files }, { wishes: { programs: [], images: [image] } });
    expect(wishedImage(set, "addon-programs").ref).toBe(
      "localkube.local/addon-programs:0123456789-4567890123",
    );
  });

  it("has nothing that is not wished", async () => {
    const paths = await tree();
    await recordFiles(paths, never);
    const images = wishes.images.filter(({ name }) => name === "pause");
    const set = debianSet(
      { key, files: await verifiedFiles(paths, never) },
      { wishes: { programs: [], images } },
    );
    expect(Object.keys({ ...set.programs, ...set.images })).toEqual(["pause"]);
  });

  it("does not give half a set", () => {
    expect(() => debianSet({ key, files: new Map() }, { wishes })).toThrow(/kube-apiserver/);
  });
});
