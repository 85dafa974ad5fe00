import { expect, test } from "vitest";
import { builtInAddon } from "../../../src/addons/catalogue.ts";
import { addonRow } from "../../../src/addons/definition.ts";
import { renderFiles } from "../../../src/addons/render-files.ts";
import { zonePlaces } from "../../../src/cluster/addons/dns.ts";
import { endsLast } from "../../../src/host/pod-processes.ts";

const dns = async (
  source: "upstream" | "debian",
  minor = 20,
  zones: Parameters<typeof zonePlaces>[0] = [],
) => {
  const found = await builtInAddon("dns");
  const row = addonRow(found.addon, { version: `v1.${minor}.0`, minor, source }, {});
  return renderFiles(found.folder, row.objects, {
    options: {},
    images: { dns: "example.test/dns:1" },
    cluster: { domain: "a.test", dnsAddress: "10.96.0.10", ...zonePlaces(zones) },
  });
};

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly object[];
}

test.each([
  ["upstream", 37, ["-conf", "/etc/coredns/Corefile"]],
  ["debian", 20, ["--domain", "a.test", "--stub="]],
] as const)(
  "cluster DNS with %s artifacts has the usual names and address, whatever answers behind them",
  async (source, minor, args) => {
    const objects = await dns(source, minor);
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "ServiceAccount coredns",
      "ClusterRole system:coredns",
      "ClusterRoleBinding system:coredns",
      ...(source === "upstream" ? ["ConfigMap coredns"] : []),
      "Service kube-dns",
      "Deployment coredns",
    ]);
    const service = objects.find(({ kind }) => kind === "Service")?.["spec"];
    expect(service).toMatchObject({ clusterIP: "10.96.0.10", selector: { "k8s-app": "kube-dns" } });
    const deployment = objects.at(-1)?.["spec"] as {
      template: { spec: { containers: readonly Container[] } };
    };
    const [container] = deployment.template.spec.containers;
    expect(container).toMatchObject({ image: "example.test/dns:1", args, imagePullPolicy: "IfNotPresent" });
    // Without it every stop waits for the seconds in which it keeps answering.
    expect(container?.env).toEqual([endsLast]);
  },
);

test("CoreDNS answers for the cluster's domain", async () => {
  const settings = (await dns("upstream")).find(({ kind }) => kind === "ConfigMap")?.["data"];
  expect((settings as { Corefile: string }).Corefile).toMatch(
    /^ {4}kubernetes a\.test in-addr\.arpa ip6\.arpa \{$/m,
  );
});

test("cluster DNS asks the server of a zone for its names, and its pods are new then", async () => {
  const zones = [{ zone: "consul", server: "10.96.3.4:8600" }];
  const upstream = await dns("upstream", 37, zones);
  const settings = upstream.find(({ kind }) => kind === "ConfigMap")?.["data"];
  expect((settings as { Corefile: string }).Corefile).toMatch(
    /\n\}\nconsul:53 \{\n {4}errors\n {4}forward \. 10\.96\.3\.4:8600\n\}\n/,
  );
  expect(upstream.at(-1)).toHaveProperty(
    ["spec", "template", "metadata", "annotations", "localkube.local/stub-zones"],
    "consul=10.96.3.4:8600",
  );
  const debian = await dns("debian", 20, zones);
  expect(debian.at(-1)).toHaveProperty(
    ["spec", "template", "spec", "containers", 0, "args"],
    ["--domain", "a.test", "--stub=consul=10.96.3.4:8600"],
  );
});
