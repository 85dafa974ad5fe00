import { expect, test } from "vitest";
import { builtInAddons } from "../../../../src/addons/catalogue.ts";
import { addonWishes } from "../../../../src/cluster/addons/wishes.ts";

const known = await builtInAddons();
const debian = { kubernetesVersion: "v1.20.2", artifactsSource: "debian" } as const;

test("a mirror gets the images of addons with what they need, each once", () => {
  const { images, files } = addonWishes(["registry", "openstack"], known, debian);
  const refs = images.map(({ ref }) => ref);
  expect(refs).toEqual(
    expect.arrayContaining(
      ["docker-registry", "busybox", "keystone", "mariadb"].map((name) => `localkube.local/${name}`),
    ),
  );
  expect(new Set(refs).size).toBe(refs.length);
  expect(new Set(images.map(({ name }) => name)).size).toBe(images.length);
  expect(files).toEqual([]);
});

test("of every row that fits the version, whatever the options", () => {
  const upstream = { kubernetesVersion: "v1.35.0", artifactsSource: "upstream" } as const;
  for (const { addon } of known.filter((one) => !one.addon.always)) {
    const rows = addon.versions.filter(
      ({ artifacts, kubernetes }) => artifacts === "upstream" && /^>=1\.\d+$/.test(kubernetes),
    );
    if (rows.length === 0) continue;
    const { images, files } = addonWishes([addon.name], known, upstream);
    const wanted = rows.flatMap((row) => Object.values(row.images));
    expect(images.map(({ ref }) => ref)).toEqual(expect.arrayContaining(wanted));
    const published = rows.flatMap((row) => row.published.map(({ from }) => from));
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(published));
  }
});

test("one that does not exist, or has nothing for the version, is refused", () => {
  expect(() => addonWishes(["metrix"], known, debian)).toThrow(/There is no addon 'metrix'/);
  expect(() => addonWishes(["cert-manager"], known, debian)).toThrow(
    /cert-manager has nothing for Kubernetes v1\.20\.2/,
  );
});
