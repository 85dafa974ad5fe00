import { expect, test } from "vitest";
import { builtInAddons } from "../../../../src/addons/catalogue.ts";
import { dnsPlan, mayHaveZones } from "../../../../src/cluster/addons/dns.ts";
import type { ObjectId, Objects } from "../../../../src/kube/objects.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

const known = await builtInAddons();

async function stubs(
  addons: Record<string, Record<string, string>>,
  services: Record<string, string>,
): Promise<string | undefined> {
  const record = {
    ...{ kubernetesVersion: "v1.20.2", artifactsSource: "debian", spec: sampleSpec({ addons }) },
    addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
  } as unknown as ClusterRecord;
  const find = ({ kind, namespace, name }: ObjectId) => {
    const clusterIP = kind === "Service" ? services[`${namespace}/${name}`] : undefined;
    return Promise.resolve(clusterIP === undefined ? undefined : { spec: { clusterIP } });
  };
  const objects = { find } as unknown as Pick<Objects, "find">;
  const { signal } = new AbortController();
  const plan = await dnsPlan(record, "example.test/dns:1", { known, objects, signal });
  const { spec } = plan.objects.at(-1) as unknown as {
    spec: { template: { spec: { containers: readonly { args: readonly string[] }[] } } };
  };
  return spec.template.spec.containers[0]?.args.at(-1);
}

test("cluster DNS has the zones of addons on record whose Service has an address", async () => {
  const service = { "localkube-consul/consul": "10.96.3.4" };
  expect(await stubs({ consul: {}, storage: {} }, service)).toBe("--stub=consul=10.96.3.4:8600");
  expect(await stubs({ consul: {} }, { "localkube-consul/consul": "fd00::4" })).toBe(
    "--stub=consul=[fd00::4]:8600",
  );
  expect(await stubs({ consul: {} }, {}), "not applied yet").toBe("--stub=");
  expect(await stubs({ consul: {} }, { "localkube-consul/consul": "None" })).toBe("--stub=");
  expect(await stubs({ storage: {} }, service), "disabled, but not removed yet").toBe("--stub=");
});

test("an addon that no localkube knows has no zone", async () => {
  expect(await stubs({ lost: {} }, {})).toBe("--stub=");
});

test("only addons with zones make cluster DNS be looked at", () => {
  expect(known.filter(mayHaveZones).map(({ addon }) => addon.name)).toEqual(["consul"]);
});
