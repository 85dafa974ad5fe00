import { describe, expect, it } from "vitest";
import { debianPaths } from "../../../src/artifacts/debian/paths.ts";
import { keyPattern, partOf, recipe, recipeKey, rootPackages } from "../../../src/artifacts/debian/recipe.ts";

describe("recipeKey", () => {
  it("is short, stable and made of the sources", async () => {
    const key = await recipeKey();
    expect(key).toMatch(keyPattern);
    expect(await recipeKey()).toBe(key);
  });

  it("has a part for Kubernetes and for each program of ours", () => {
    const key = "0123456789-abcdef0123-4567890123";
    expect(partOf(key)).toBe("0123456789");
    expect(partOf(key, "cluster-dns")).toBe("0123456789-abcdef0123");
    expect(partOf(key, "addon-programs")).toBe("0123456789-4567890123");
    expect(partOf("0123456789-abcdef0123", "cluster-dns")).toBe("0123456789-abcdef0123");
    expect(partOf("0123456789-abcdef0123", "addon-programs")).toBeUndefined();
    expect(partOf("lost+found")).toBeUndefined();
  });
});

describe("rootPackages", () => {
  it("brings a C compiler for the other architecture only when it is another", () => {
    expect(rootPackages("amd64", "amd64")).toEqual(recipe.packages);
    expect(rootPackages("amd64", "arm64")).toContain("gcc-aarch64-linux-gnu");
    expect(rootPackages("arm64", "amd64")).toContain("gcc-x86-64-linux-gnu");
  });
});

describe("debianPaths", () => {
  it("keeps architectures and keys apart", () => {
    const paths = debianPaths("/cache", "0123456789-abcdef0123", "arm64");
    expect(paths.artifacts).toBe(
      "/cache/artifacts/debian/bookworm/kubernetes-v1.20.2/0123456789-abcdef0123/linux/arm64",
    );
    expect(paths.build).toBe("/cache/build/0123456789-abcdef0123/arm64");
  });
});
