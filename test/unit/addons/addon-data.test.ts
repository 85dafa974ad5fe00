import { describe, expect, test } from "vitest";
import { addonRow, minorRange, parseAddon, probeOf } from "../../../src/addons/definition.ts";
import { optionValues } from "../../../src/addons/options.ts";
import { renderObjects } from "../../../src/addons/render.ts";
import { inWaves, waveOf } from "../../../src/addons/waves.ts";

const sample = {
  name: "web",
  summary: "A page",
  licence: "Apache-2.0",
  homepage: "https://web.example",
  namespace: "web",
  memoryMiB: 20,
  options: {
    port: { type: "port", default: 8080, why: "Where it listens" },
    mode: { type: "choice", choices: ["plain", "tls"], default: "plain", why: "How it speaks" },
    password: { type: "text", secret: true, why: "Who may enter" },
    size: { type: "size", why: "How much it keeps" },
  },
  versions: [
    {
      kubernetes: ">=1.34",
      artifacts: "upstream",
      when: { mode: "tls" },
      version: "3",
      objects: ["3/tls.yaml"],
    },
    {
      kubernetes: ">=1.28 <1.36",
      artifacts: "upstream",
      version: "2",
      objects: ["2.yaml"],
      images: { web: "web.example/web:2" },
    },
    {
      kubernetes: ">=1.20",
      artifacts: "debian",
      version: "1",
      standIn: "serves one page",
      objects: ["1.yaml"],
    },
  ],
  probe: { type: "http", service: "web", port: 80 },
};
const parse = (change: object = {}) =>
  parseAddon({ ...sample, ...change }, { folder: "addons/web", name: "web" });
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as { id: string }).id} ${(error as Error).message}`;
  }
  return "taken";
};

describe("addon.yaml", () => {
  test("gets defaults for what it leaves out", () => {
    expect(parse()).toMatchObject({
      needs: [],
      conflicts: {},
      provides: [],
      probe: { path: "/", scheme: "http" },
    });
  });

  test.each([
    [{ name: "other" }, "name is other, but the folder is called web"],
    [{ needs: ["web"] }, "names itself"],
    [{ needs: ["dns"], conflicts: { dns: "both answer" } }, "dns is among its needs and its conflicts"],
    [{ extra: 1 }, "there is no field extra"],
    [{ summary: undefined }, "summary is missing"],
    [{ versions: [] }, "versions"],
    [{ probe: { type: "dance" } }, "probe.type"],
    [{ versions: [{ ...sample.versions[2], objects: ["../../etc/passwd"] }] }, "versions.0.objects.0"],
    [{ versions: [{ ...sample.versions[2], objects: ["/etc/passwd"] }] }, "versions.0.objects.0"],
    [
      { versions: [{ ...sample.versions[2], kubernetes: ">=1.30 <1.30" }] },
      "versions.0.kubernetes is an empty range",
    ],
    [{ versions: [{ ...sample.versions[2], kubernetes: "1.30" }] }, "versions.0.kubernetes"],
    [{ versions: [{ ...sample.versions[2], when: { colour: "red" } }] }, "names the option colour"],
    [{ options: { a: { type: "choice", why: "x" } } }, "options.a: a choice has choices"],
    [{ options: { a: { type: "choice", choices: ["b"], default: "c", why: "x" } } }, "options.a.default"],
  ])("is refused with the field and what is wrong: %j", (change, text) => {
    const said = refusal(() => parse(change));
    expect(said).toMatch(/^ADDON_INVALID The addon in addons\/web cannot be used: addon\.yaml: /);
    expect(said).toContain(text);
  });
});

test("names are written as those of what they name: options as fields, objects with their dots", () => {
  const wait = [{ kind: "APIService", name: "v1beta1.metrics.k8s.io" }];
  const options = { ...sample.options, hostPort: { type: "port", default: 80, why: "Where it is" } };
  const { versions } = parse({
    options,
    versions: [{ ...sample.versions[2], when: { hostPort: "80" }, wait }],
  });
  expect(versions[0]).toMatchObject({ when: { hostPort: "80" }, wait });
  expect(refusal(() => parse({ options: { "host.port": { type: "port", why: "x" } } }))).toContain("options");
});

test("a row may have a probe of its own, and flags that the node needs", () => {
  const own = { type: "objects", objects: "probe.yaml", pod: "reader" };
  const [plain, special] = sample.versions;
  const node = { flags: { kubelet: { v: "4" } } };
  const addon = parse({ versions: [plain, { ...special, probe: own, node }] });
  expect(addon.versions.map((row) => probeOf(addon, row))).toEqual([addon.probe, own]);
  expect(addon.versions[1]?.node).toEqual(node);
});

describe("the row of a cluster", () => {
  const row = (minor: number, source: "upstream" | "debian", mode = "plain") =>
    addonRow(parse(), { version: `v1.${minor}.0`, minor, source }, { mode }).version;

  test("is the first that fits its minor, its artifacts and the options", () => {
    expect(row(34, "upstream")).toBe("2");
    expect(row(34, "upstream", "tls")).toBe("3");
    expect(row(28, "upstream")).toBe("2");
    expect(row(20, "debian")).toBe("1");
    expect(minorRange(">=1.28 <1.36")).toEqual({ from: 28, below: 36 });
  });

  test("is refused with what was looked for", () => {
    expect(refusal(() => row(36, "upstream"))).toBe(
      "ADDON_NOT_FOR_VERSION The addon web has nothing for Kubernetes v1.36.0 with the upstream artifacts and mode=plain",
    );
    expect(refusal(() => row(27, "upstream"))).toContain("v1.27.0");
  });
});

describe("options", () => {
  const values = (given: Record<string, string>, recorded?: Record<string, string>) =>
    optionValues(parse(), given, recorded);

  test("are those given, then recorded, then defaults, each of its kind; a secret may be absent", () => {
    expect(values({ size: "10Gi" })).toEqual({ port: 8080, mode: "plain", size: "10Gi" });
    expect(values({ port: "81", size: "1Gi" }, { port: "82", mode: "tls" })).toEqual({
      port: 81,
      mode: "tls",
      size: "1Gi",
    });
  });

  test.each([
    [{}, "size of the addon web is needed: How much it keeps"],
    [{ size: "10 GB" }, "size of the addon web has to be a size such as 512Mi or 10Gi, not '10 GB'"],
    [{ size: "1Gi", port: "0" }, "has to be a port from 1 to 65535, not '0'"],
    [{ size: "1Gi", port: "65536" }, "not '65536'"],
    [{ size: "1Gi", mode: "TLS" }, "has to be plain or tls, not 'TLS'"],
    [{ size: "1Gi", prot: "80" }, "prot of the addon web does not exist; did you mean 'port'?"],
    [{ size: "1Gi", constructor: "80" }, "constructor of the addon web does not exist"],
  ])("are refused with what is right: %j", (given, text) => {
    expect(refusal(() => values(given))).toContain(text);
  });
});

describe("objects", () => {
  const render = (text: string, options = {}) =>
    renderObjects(
      text,
      { folder: "addons/web", file: "1.yaml" },
      {
        options: { port: 8080, title: "a: b\nkind: Secret", ...options },
        images: { web: "web.example/web:2" },
        cluster: { domain: "cluster.local" },
      },
    );
  const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";

  test("are parsed before places are filled, so no value becomes a field", () => {
    expect(
      render(
        `${head}data:\n  title: "\${option.title}"\n  both: "\${image.web} in \${cluster.domain}"\n  port: \${option.port}\n  plain: $\${option.port}\n`,
      ),
    ).toEqual([
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "web" },
        data: {
          title: "a: b\nkind: Secret",
          both: "web.example/web:2 in cluster.local",
          port: 8080,
          plain: "${option.port}",
        },
      },
    ]);
  });

  test("are refused with file and object", () => {
    expect(refusal(() => render(`${head}data: {a: "\${option.colour}"}`))).toContain(
      "1.yaml: object 1 (ConfigMap web): it speaks of ${option.colour}, which does not exist",
    );
    expect(refusal(() => render(`${head}data: {a: "\${option.constructor}"}`))).toContain(
      "which does not exist",
    );
    expect(refusal(() => render(`${head}---\nkind: Pod\n`))).toContain("object 2: apiVersion is missing");
    expect(refusal(() => render("a: [1"))).toContain("1.yaml: line 1");
    expect(refusal(() => render("---\n"))).toContain("it has no object");
  });

  test("are applied in waves: what others need first, custom resources last", () => {
    const of = (apiVersion: string, kind: string) => ({ apiVersion, kind });
    const objects = [
      of("web.example/v1", "Page"),
      of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
      of("apps/v1", "Deployment"),
      of("v1", "ConfigMap"),
      of("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
      of("v1", "Namespace"),
      of("v1", "Secret"),
    ];
    expect(
      inWaves(objects).map(({ wave, objects: part }) => [wave, ...part.map(({ kind }) => kind)]),
    ).toEqual([
      ["namespaces", "Namespace"],
      ["definitions", "CustomResourceDefinition"],
      ["settings", "ConfigMap", "Secret"],
      ["workloads", "Deployment"],
      ["hooks", "ValidatingWebhookConfiguration"],
      ["resources", "Page"],
    ]);
    // A kind of that name in another group is not Kubernetes' own.
    expect(waveOf(of("apps.example/v1", "Deployment"))).toBe("resources");
  });
});
