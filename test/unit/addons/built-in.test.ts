import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtInAddons, readAddonFile } from "../../../src/addons/catalogue.ts";
import { probeOf } from "../../../src/addons/definition.ts";
import { rowObjects } from "../../../src/addons/plan.ts";
import { renderObjects } from "../../../src/addons/render.ts";
import { debianImageRecipe } from "../../../src/artifacts/debian-image/recipes.ts";
import { packageRoot } from "../../../src/host/package-root.ts";
import { optionsOf } from "./rendered-rows.ts";

const all = await builtInAddons(join(packageRoot(), "addons"));
/** Compiled from a source, not made of packages. */
const compiled = ["localkube.local/cluster-dns", "localkube.local/addon-programs"];
const cluster = Object.fromEntries(
  ["domain", "dnsAddress", "nodeAddress", "nodeName", "profile", "serviceCidr", "podCidr", "clusterId"].map(
    (name) => [name, "cluster.local"],
  ),
);

interface Container {
  readonly image: string;
  readonly imagePullPolicy?: string;
}

/** Containers of a pod or of a template in it. */
function containersOf(value: unknown): readonly Container[] {
  if (Array.isArray(value)) return value.flatMap(containersOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    /^(init|ephemeral)?containers$/i.test(key) ? (inner as Container[]) : containersOf(inner),
  );
}

/** Those for Debian artifacts; catalogue-rows.test.ts looks at all of them. */
const rows = all.flatMap(({ addon, folder }) =>
  addon.versions
    .filter(({ artifacts }) => artifacts === "debian")
    .map((row, index) => ({ name: `${addon.name} row ${index}`, addon, folder, row })),
);

describe.each(rows)("$name", ({ addon, folder, row }) => {
  const images = Object.fromEntries(Object.keys(row.images).map((key) => [key, `example.org/${key}:1`]));
  const input = { options: optionsOf(addon, row), images, cluster };

  test("is rendered whole, with images that are loaded and not pulled", async () => {
    const objects = await rowObjects({ folder }, row, input);
    const containers = containersOf(objects);
    for (const { imagePullPolicy } of containers) expect(imagePullPolicy).toBe("IfNotPresent");
    const probe = probeOf(addon, row);
    const probed =
      probe.type === "objects"
        ? renderObjects(await readAddonFile(folder, probe.objects), { folder, file: probe.objects }, input)
        : [];
    const used = [...containers, ...containersOf(probed)].map(({ image }) => image);
    for (const image of Object.values(images)) expect(used).toContain(image);
    if (probe.type === "objects") expect(probed.map(({ metadata }) => metadata.name)).toContain(probe.pod);
    expect(JSON.stringify([objects, probed])).not.toContain("${");
  });

  test("names images that are compiled, or made of Debian packages", () => {
    for (const ref of Object.values(row.images))
      expect(compiled.includes(ref) || debianImageRecipe(ref) !== undefined, ref).toBe(true);
  });
});
