import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtInAddons, readAddonFile } from "../../../src/addons/catalogue.ts";
import { optionValues } from "../../../src/addons/options.ts";
import { rowObjects } from "../../../src/addons/plan.ts";
import { renderObjects } from "../../../src/addons/render.ts";
import { debianImageRecipe } from "../../../src/artifacts/debian-image/recipes.ts";
import { packageRoot } from "../../../src/host/package-root.ts";

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

const rows = all.flatMap(({ addon, folder }) =>
  addon.versions.map((row, index) => ({ name: `${addon.name} row ${index}`, addon, folder, row })),
);

describe.each(rows)("$name", ({ addon, folder, row }) => {
  const secrets = Object.fromEntries(
    Object.entries(addon.options).flatMap(([key, { secret }]) => (secret ? [[key, "made"]] : [])),
  );
  const images = Object.fromEntries(Object.keys(row.images).map((key) => [key, `example.org/${key}:1`]));
  const input = { options: { ...secrets, ...optionValues(addon, row.when) }, images, cluster };

  test("is rendered whole, with images that are loaded and not pulled", async () => {
    const objects = await rowObjects({ folder }, row, input);
    const containers = containersOf(objects);
    for (const { imagePullPolicy } of containers) expect(imagePullPolicy).toBe("IfNotPresent");
    const { probe } = addon;
    const probed =
      probe.type === "objects"
        ? renderObjects(await readAddonFile(folder, probe.objects), { folder, file: probe.objects }, input)
        : [];
    const used = [...containers, ...containersOf(probed)].map(({ image }) => image);
    for (const image of Object.values(images)) expect(used).toContain(image);
    if (probe.type === "objects") expect(probed.map(({ metadata }) => metadata.name)).toContain(probe.pod);
    expect(JSON.stringify([objects, probed])).not.toContain("${");
  });

  test("names images that can be had, by digest where a registry has them", () => {
    for (const ref of Object.values(row.images)) {
      if (ref.startsWith("catalogue:")) continue;
      if (row.artifacts === "upstream")
        expect(ref).toMatch(/^[a-z0-9.-]+\.[a-z]+\/[^:]+:[^:@]+@sha256:[0-9a-f]{64}$/);
      else expect(compiled.includes(ref) || debianImageRecipe(ref) !== undefined, ref).toBe(true);
    }
  });
});
