import { expect, test } from "vitest";
import { builtInAddons } from "../../../../src/addons/catalogue.ts";
import { dnsPlan, mayTellDns } from "../../../../src/cluster/addons/dns.ts";
import type { ObjectId, Objects } from "../../../../src/kube/objects.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";
import type { SeenHost, UnseenHost } from "../../../../src/provision/guest/seen-host.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

const known = await builtInAddons();

const unasked = () => Promise.reject(new Error("the machine was asked"));

/** The last two arguments of cluster DNS. */
async function told(
  addons: Record<string, Record<string, string>>,
  services: Record<string, string>,
  seenHost: () => Promise<SeenHost | UnseenHost> = unasked,
): Promise<readonly (string | undefined)[]> {
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
  const plan = await dnsPlan(record, "example.test/dns:1", { known, objects, signal, seenHost });
  const { spec } = plan.objects.at(-1) as unknown as {
    spec: { template: { spec: { containers: readonly { args: readonly string[] }[] } } };
  };
  return spec.template.spec.containers[0]?.args.slice(-2) ?? [];
}

const stubs = async (...given: Parameters<typeof told>) => (await told(...given))[0];

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

test("cluster DNS has the names of hosts at the address on record, or where the machine sees this computer", async () => {
  const host = async (options: Record<string, string>, seen?: SeenHost | UnseenHost) =>
    (await told({ "host-access": options }, {}, seen && (() => Promise.resolve(seen))))[1];
  const name = "--host=host.localkube.internal";
  expect(await host({ address: "192.0.2.9" })).toBe(`${name}=192.0.2.9`);
  expect(await host({}, { address: "10.0.2.2", listen: "127.0.0.1" })).toBe(`${name}=10.0.2.2`);
  expect(await host({}, { problem: "it comes from a router" }), "left out").toBe("--host=");
  expect(await told({ consul: {} }, {})).toEqual(["--stub=", "--host="]);
});

test("only addons with zones or names of hosts make cluster DNS be looked at", () => {
  expect(known.filter(mayTellDns).map(({ addon }) => addon.name)).toEqual(["consul", "host-access"]);
});
