import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runtimes } from "../../../src/runtimes/registry.ts";

const root = join(import.meta.dirname, "../../..");

/** Names of runtimes and of their programs; docker and runc are also programs of this host, with which drivers make machines. */
const words = [
  ...new Set(
    runtimes.flatMap(({ name, aliases, programs }) => [name, ...aliases, ...programs.map((one) => one.name)]),
  ),
].filter((word) => !["docker", "runc"].includes(word));
const named = new RegExp(`\\b(${words.join("|")})\\b`, "i");

/** Lines where such a word belongs to something else, each with why. */
const others: Readonly<Record<string, RegExp>> = {
  // A key in image archives, and the program that first wrote it.
  "src/artifacts/image/inspect-archive.ts": /io\.containerd\.image\.name|^\/\*\* containerd's annotation/,
  "src/artifacts/image/oci-archive.ts": /io\.containerd\.image\.name|how containerd and podman learn/,
  // Flags of kubelets.
  "src/artifacts/catalogue/flags.json": /^\s*"containerd(-namespace)?"[,:]/,
  // Products that a host must not have.
  "drivers/ssh/node-paths.ts": /snap\.microk8s\.daemon-containerd|"k3s", "k3s-agent"|\["docker", "crio"\]/,
};

test("whoever adds a runtime changes src/runtimes: its name and its programs stand nowhere else", async () => {
  const found: string[] = [];
  for (const folder of ["src", "drivers", "templates", "bin"])
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll("\\", "/");
      if (!entry.isFile() || path.startsWith("src/runtimes/") || path.endsWith(".md")) continue;
      const lines = (await readFile(join(root, path), "utf8")).split("\n");
      for (const [index, line] of lines.entries())
        if (named.test(line) && !others[path]?.test(line)) found.push(`${path}:${index + 1}: ${line.trim()}`);
    }
  expect(words).toEqual(expect.arrayContaining(["containerd", "dockerd", "cri-dockerd"]));
  expect(found).toEqual([]);
});
