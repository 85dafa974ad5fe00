import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recipeKey } from "../../../src/artifacts/debian/recipe.ts";
import { cuts, repairSource, withoutCut } from "../../../src/artifacts/debian/repair-source.ts";

const folder = "vendor/github.com/modern-go/reflect2";
const link = `package reflect2

func kept(a int)

// m escapes into the return value, but
//go:linkname mapiterinit reflect.mapiterinit
func mapiterinit(rtype, m unsafe.Pointer) *hiter

//go:linkname mapiternext reflect.mapiternext
func mapiternext(it *hiter)

func keptToo(b int)

// A hash iteration structure.
type hiter struct {
	// rest fields are ignored
}

func last()
`;
const map = `package reflect2

func (type2 *UnsafeMapType) Iterate(obj interface{}) MapIterator {
}

func (type2 *UnsafeMapType) UnsafeIterate(obj unsafe.Pointer) MapIterator {
	return &UnsafeMapIterator{}
}

type UnsafeMapIterator struct {
	*hiter
}
`;

let source: string;
beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), "localkube-repair-"));
  await mkdir(join(source, folder), { recursive: true });
  await writeFile(join(source, folder, "unsafe_link.go"), link, { mode: 0o444 });
  await writeFile(join(source, folder, "unsafe_map.go"), map, { mode: 0o444 });
});
afterEach(() => rm(source, { recursive: true, force: true }));

const read = (name: string): Promise<string> => readFile(join(source, folder, name), "utf8");

describe("repairSource", () => {
  it("takes the iterator with the old signature out and puts one of public reflection in", async () => {
    await repairSource(source);
    const [linked, maps, ours] = await Promise.all(
      ["unsafe_link.go", "unsafe_map.go", "map_iterator.go"].map(read),
    );
    for (const text of [linked, maps]) expect(text).not.toMatch(/mapiter|hiter|UnsafeIterate/);
    for (const kept of ["func kept(", "func keptToo(", "func last("]) expect(linked).toContain(kept);
    expect(maps).toContain("UnsafeMapType) Iterate(");
    expect(ours).toContain("UnsafeMapType) UnsafeIterate(");
    expect(ours).not.toContain("go:linkname ");
  });

  it("refuses a source that is not the expected one, for nobody knows whether it is repaired", async () => {
    await rm(join(source, folder, "unsafe_map.go"));
    await writeFile(join(source, folder, "unsafe_map.go"), "package reflect2\n");
    await expect(repairSource(source)).rejects.toThrow(
      /unsafe_map\.go of the source package is not as expected/,
    );
  });
});

describe("withoutCut", () => {
  const cut = { file: "a.go", from: "b", to: "c\n" };
  it("removes both ends", () => {
    expect(withoutCut("a\nb\nx\nc\nd\n", cut)).toBe("a\nd\n");
    expect(withoutCut("b\nc\nd\n", cut)).toBe("d\n");
    expect(withoutCut("a\nb\nc\n", { file: "a.go", from: "b" })).toBe("a\n");
  });
  it("wants its beginning once and its end after it", () => {
    expect(() => withoutCut("a\nb\nc\nb\n", cut)).toThrow(TypeError);
    expect(() => withoutCut("c\nb\n", cut)).toThrow(TypeError);
    expect(() => withoutCut("ab\nc\n", cut)).toThrow(TypeError);
  });
});

describe("recipeKey", () => {
  it("is another than that of the source without repairs, so that no faulty build is taken from a cache", async () => {
    expect(cuts).not.toHaveLength(0);
    expect(await recipeKey()).not.toMatch(/^997f87cd71-/);
  });
});
