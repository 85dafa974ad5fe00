import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { type AddonFolder, builtInAddons } from "../../../../src/addons/catalogue.ts";
import {
  chooseAddons,
  clusterPlaces,
  defaultAddons,
  defaultsBeside,
  renderAddon,
  settleAddons,
} from "../../../../src/cluster/addons/choose.ts";
import { parseSet } from "../../../../src/cluster/addons/given-options.ts";
import { withAddons, withoutFormer, withRecordedAddons } from "../../../../src/cluster/addons/record.ts";
import { nameInNode } from "../../../../src/cluster/addons/images.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";

const row = { kubernetes: ">=1.20", artifacts: "debian", version: "1", objects: ["all.yaml"] };
const addon = (name: string, more: object = {}) => ({
  ...{ name, summary: name, licence: "Apache-2.0", homepage: "https://example.org", namespace: name },
  ...{ memoryMiB: 1, versions: [row], probe: { type: "http", service: name, port: 80 } },
  ...more,
});
const target = { kubernetesVersion: "v1.20.2", artifactsSource: "debian" } as const;
const record = {
  ...target,
  spec: sampleSpec({ addons: { storage: { size: "1Gi" } } }),
  createdAt: "2026-11-27T00:00:00.000Z",
  nodes: [{ name: "sample", role: "control-plane" }],
  addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
} as unknown as ClusterRecord;
let known: readonly AddonFolder[];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "addons-"));
  const addons = [
    addon("storage", {
      options: {
        size: { type: "size", default: "1Gi", why: "How much" },
        key: { type: "text", secret: true, why: "Who may" },
      },
    }),
    addon("registry", { needs: ["storage"] }),
    addon("volumes", { default: true, provides: ["default-storage-class"] }),
    addon("newest", { default: true, versions: [{ ...row, kubernetes: ">=1.34" }] }),
    addon("other-volumes", { provides: ["default-storage-class"] }),
    addon("no-volumes", { conflicts: { volumes: "it brings its own" } }),
    addon("on-top", { needs: ["no-volumes"] }),
    addon("policies", {
      versions: [{ ...row, node: { flags: { apiserver: { "enable-admission-plugins": "X" } } } }],
    }),
    addon("new", { versions: [{ ...row, kubernetes: ">=1.34" }] }),
  ];
  for (const one of addons) {
    await mkdir(join(folder, one.name));
    await writeFile(join(folder, one.name, "addon.yaml"), stringify(one));
    const text =
      "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80, name: '${cluster.dnsAddress}'}]}\n";
    await writeFile(join(folder, one.name, "all.yaml"), text);
  }
  known = await builtInAddons(folder);
});

const names = (chosen: ReturnType<typeof chooseAddons>) => chosen.map(({ folder }) => folder.addon.name);

describe("choosing", () => {
  test("what an addon needs comes before it, with options of record and call, secrets in none", () => {
    const chosen = chooseAddons(
      ["registry"],
      { known, recorded: { storage: { size: "2Gi" } }, given: { storage: { key: "abc" } } },
      target,
    );
    expect(names(chosen)).toEqual(["storage", "registry"]);
    expect(chosen[0]).toMatchObject({ options: { size: "2Gi" }, values: { size: "2Gi", key: "abc" } });
    expect(withAddons(record, chosen).spec.addons).toEqual({ registry: {}, storage: { size: "2Gi" } });
  });

  test("a new cluster has the default addons that it can have beside those that are asked for", () => {
    expect(defaultAddons({}, known, target)).toEqual({ volumes: {} });
    expect(defaultAddons({ registry: {} }, known, target)).toEqual({ volumes: {} });
    expect(defaultAddons({ volumes: { a: "1" } }, known, target)).toEqual({});
    for (const other of ["other-volumes", "no-volumes", "on-top"])
      expect(defaultAddons({ [other]: {} }, known, target)).toEqual({});
    expect(defaultsBeside(["registry"], known, target)).toEqual(["volumes"]);
    expect(defaultsBeside(["volumes"], known, target)).toEqual([]);
    const new134 = { kubernetesVersion: "v1.35.0", artifactsSource: "debian" } as const;
    expect(Object.keys(defaultAddons({}, known, new134))).toContain("newest");
  });

  test("one that sets flags comes before those whose pods it may keep from running", () => {
    const chosen = chooseAddons(["registry", "policies"], { known, recorded: {}, given: {} }, target);
    expect(names(chosen)).toEqual(["policies", "storage", "registry"]);
  });

  test("options of an addon that is not of the call are refused, and one without a fitting row", () => {
    const given = { storgae: { size: "1Gi" } };
    expect(() => chooseAddons(["storage"], { known, recorded: {}, given }, target)).toThrow(
      /storgae is not among the addons of this call; did you mean 'storage'/,
    );
    expect(() => chooseAddons(["new"], { known, recorded: {}, given: {} }, target)).toThrow(
      /nothing for Kubernetes v1\.20\.2 with the debian artifacts/,
    );
  });

  test("a start adds what is needed, and keeps one that this localkube does not know only where it was", () => {
    expect(settleAddons({ registry: {}, mine: {} }, { mine: {} }, known, target)).toEqual({
      ...{ mine: {}, registry: {}, storage: {} },
    });
    expect(() => settleAddons({ mine: {} }, {}, known, target)).toThrow(/no addon 'mine'/);
  });

  test("objects get the cluster's places, and ports their protocol", async () => {
    const [chosen] = chooseAddons(["storage"], { known, recorded: {}, given: {} }, target);
    const { objects } = await renderAddon(chosen!, { images: {}, published: [] }, record);
    expect(objects[0]?.["spec"]).toEqual({ ports: [{ protocol: "TCP", port: 80, name: "10.96.0.10" }] });
    expect(Object.keys(clusterPlaces(record)).sort()).toEqual([
      "clusterId",
      "dnsAddress",
      "domain",
      "nodeAddress",
      "nodeName",
      "podCidr",
      "profile",
      "serviceCidr",
    ]);
  });
});

describe("the record", () => {
  test("what leaves the list is to be removed, until it is; what comes back is not", () => {
    const without = withRecordedAddons(record, {}, true);
    expect(without).toMatchObject({ spec: { addons: {} }, formerAddons: { storage: { purge: true } } });
    expect(withRecordedAddons(without, { storage: {} }).formerAddons).toBeUndefined();
    expect(withoutFormer(without, "storage").formerAddons).toBeUndefined();
    expect(withoutFormer(without, "other").formerAddons).toEqual({ storage: { purge: true } });
  });

  test.each([
    ["ingress", "'=' is missing"],
    ["ingress=1", "'.' between"],
    [".a=1", "'.' between"],
    ["ingress.=1", "'.' between"],
  ])("--set %s is refused, without its value", (text, problem) => {
    expect(() => parseSet([text])).toThrow(problem);
    expect(() => parseSet([`${text.split("=")[0]}=hidden`])).not.toThrow(/hidden/);
  });

  test("--set takes values with dots and equals signs", () => {
    expect(parseSet(["a.b=c.d=e", "a.f=", "g.h=1"])).toEqual({ a: { b: "c.d=e", f: "" }, g: { h: "1" } });
  });
});

test("an image by tag and digest is known to the node by its tag", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  expect(nameInNode(`registry.example/web:1@${digest}`)).toBe("registry.example/web:1");
  expect(nameInNode("busybox:1")).toBe("docker.io/library/busybox:1");
});
