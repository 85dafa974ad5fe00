import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeIso } from "../../src/host/iso/write-iso.ts";

/** Our ISO images as programs see them that others wrote for this format. */
describe("an ISO image of ours", () => {
  let folder: string;
  let file: string;
  const large = Buffer.alloc(3_000_001, "content ");
  const digests = Array.from({ length: 60 }, (_, i) => i.toString(16).padStart(64, "a"));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "localkube-iso-"));
    file = join(folder, "image.iso");
    writeFileSync(join(folder, "large"), large);
    await writeIso(
      file,
      [
        { name: "user-data", content: "#cloud-config\n{}\n" },
        { name: "empty", content: "" },
        { name: "large", content: { file: join(folder, "large") } },
        ...digests.map((name, i) => ({ name, content: `content ${i}` })),
      ],
      { label: "cidata", mode: 0o600 },
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has label and type for blkid, by which cloud-init finds its seed", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const found = execFileSync("blkid", ["-p", "-o", "export", file], { encoding: "utf8" });
    expect(found).toMatch(/^LABEL=cidata$/m);
    expect(found).toMatch(/^TYPE=iso9660$/m);
  });

  it("has long names, modes, sizes and content for isoinfo, over several sectors of names", () => {
    const list = execFileSync("isoinfo", ["-R", "-l", "-i", file], { encoding: "utf8" });
    const rows = list.split("\n").flatMap((line) => {
      const [mode, links, , , size, , , , , , , name = ""] = line.trim().split(/\s+/);
      return mode?.startsWith("-") ? [{ mode, links, size: Number(size), name }] : [];
    });
    const wanted = ["user-data", "empty", "large", ...digests].sort();
    expect(rows.map(({ name }) => name).sort()).toEqual(wanted);
    expect(new Set(rows.map(({ mode }) => mode))).toEqual(new Set(["-r--r--r--"]));
    expect(rows.find(({ name }) => name === "large")?.size).toBe(large.length);
    const read = (name: string) =>
      execFileSync("isoinfo", ["-R", "-i", file, "-x", `/${name}`], { maxBuffer: 1 << 26 });
    expect(read("user-data").toString()).toBe("#cloud-config\n{}\n");
    expect(read(digests[59]!).toString()).toBe("content 59");
    expect(read("empty").length).toBe(0);
    expect(read("large").equals(large)).toBe(true);
  });

  it("gives the same to libarchive", () => {
    const target = mkdtempSync(join(folder, "out-"));
    execFileSync("bsdtar", ["-x", "-f", file, "-C", target]);
    expect(readdirSync(target).sort()).toEqual(["user-data", "empty", "large", ...digests].sort());
    expect(readFileSync(join(target, "large")).equals(large)).toBe(true);
    expect(readFileSync(join(target, digests[0]!), "utf8")).toBe("content 0");
    expect(statSync(join(target, "empty")).size).toBe(0);
  });
});
