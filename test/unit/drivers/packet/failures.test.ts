import { expect, test } from "vitest";
import type { Provider } from "../../../rigs/packet/provider.ts";
import { caught, left, nothing, paperWorld } from "./paper-world.ts";

const html = "<html><body>502 Bad Gateway</body></html>";
const made = { devices: 1, keys: 1 };

const posts = ({ exchanges }: Provider) =>
  exchanges.filter(({ request }) => /POST .*\/devices$/.test(request));

test.each(["failed", "inactive"])(
  "a device that ends as %s is told with its last events, not made twice, and nothing is left",
  async (state) => {
    const { driver, spec, c, provider } = await paperWorld();
    provider.room.nextEndsAs = state;
    const error = await caught(driver.create(spec(), c));
    expect(error).toMatchObject({ id: "PACKET_DEVICE_FAILED", params: { state } });
    expect(error.output).toContain("Provisioning failed: disk sda not found");
    expect(posts(provider)).toHaveLength(1);
    expect(left(provider)).toEqual(nothing);
    expect(await driver.list(c)).toEqual([]);
  },
);

test("the rest of a killed create that goes off while it is provisioned is removed as well", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  const { input } = provider.room.devices.get(m.id ?? "")!;
  provider.room.devices.clear();
  provider.room.nextEndsAs = "inactive";
  provider.room.add(input);
  expect(await caught(driver.create(spec(), c))).toMatchObject({ id: "PACKET_DEVICE_FAILED" });
  expect(posts(provider)).toHaveLength(1);
  expect(left(provider)).toEqual(nothing);
});

test("a machine that was stopped is found by the next create as it is", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  await driver.stop(m, { ...c, graceMs: 0 });
  expect(await driver.create(spec(), c)).toEqual(m);
  expect(await driver.state(m, c)).toBe("stopped");
  expect(left(provider)).toEqual(made);
});

test("a device in a state nobody knows is not waited for", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.room.nextEndsAs = "on-fire";
  // The rig's own check: the document has no such state.
  await caught(driver.create(spec(), c));
  expect(left(provider)).toEqual(nothing);
  await expect(provider.close()).rejects.toThrow("state must be equal to one of the allowed values");
});

test("a device that is never ready is given up after its time, and removed", async () => {
  const { driver, spec, c, provider } = await paperWorld({ pacing: { provisionMs: 60, pollMs: [50] } });
  expect(await caught(driver.create(spec(), c))).toMatchObject({ id: "PACKET_DEVICE_LATE" });
  expect(left(provider)).toEqual(nothing);
});

test("no capacity is told before anything is made", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const sold = spec({ "packet-plan": "x9.full.x86" });
  expect(await caught(driver.create(sold, c))).toMatchObject({ id: "PACKET_NO_CAPACITY" });
  provider.fault("checkCapacityForMetro", { kind: "answer", status: 422, body: { errors: ["no capacity"] } });
  expect(await caught(driver.create(spec(), c))).toMatchObject({ id: "PACKET_NO_CAPACITY" });
  expect(provider.exchanges.filter(({ request }) => /POST .*(devices|ssh-keys)$/.test(request))).toEqual([]);
});

test("capacity that is gone when the device is made (422) leaves no key", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const body = { errors: ["The facility fr2 has no provisionable c3.small.x86 servers"] };
  provider.fault("createDevice", { kind: "answer", status: 422, body });
  const error = await caught(driver.create(spec(), c));
  expect(error.id).toBe("PACKET_REFUSED");
  expect(error.message).toContain("no provisionable c3.small.x86");
  expect(left(provider)).toEqual(nothing);
});

test("a rate limit in the middle is waited out, and one device is made", async () => {
  const { driver, spec, c, provider, reports } = await paperWorld();
  const headers = { "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 1) };
  provider.fault("createDevice", { kind: "answer", status: 429, body: { error: "slow down" }, headers });
  await driver.create(spec(), c);
  expect(left(provider)).toEqual(made);
  expect(reports.join()).toMatch(/the API takes no requests for \d s/);
});

test("a create whose answer is lost is found by its tags: one device, no orphan", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.fault("createDevice", { kind: "lost" });
  const m = await driver.create(spec(), c);
  expect(left(provider)).toEqual(made);
  expect([...provider.room.devices.keys()]).toEqual([m.id]);
  expect(posts(provider)).toHaveLength(1);
  await driver.remove(m, c);
  expect(left(provider)).toEqual(nothing);
});

test("a create that is carried out late is found too", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.fault("createDevice", { kind: "belated", ms: 200 });
  const m = await driver.create(spec(), c);
  expect([...provider.room.devices.keys()]).toEqual([m.id]);
});

test.each([
  ["the connection breaks", { kind: "cut" }, "PACKET_UNREACHABLE"],
  ["a load balancer answers", { kind: "answer", status: 502, body: html }, "PACKET_SERVICE_FAILED"],
  ["the service fails", { kind: "answer", status: 500, body: { error: "oops" } }, "PACKET_SERVICE_FAILED"],
] as const)(
  "when %s and no device was made, it is not asked again, and nothing is left",
  async (_, fault, id) => {
    const { driver, spec, c, provider } = await paperWorld();
    provider.fault("createDevice", fault);
    expect((await caught(driver.create(spec(), c))).id).toBe(id);
    expect(posts(provider)).toHaveLength(1);
    expect(left(provider)).toEqual(nothing);
  },
);

test("a key whose answer is lost is found, not made twice", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.fault("createProjectSSHKey", { kind: "lost" });
  await driver.create(spec(), c);
  expect(left(provider)).toEqual(made);
});

test("a key that the project has under another name is used, and stays", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.room.keys.set("9c2f1f60-0f0e-4b7a-9d55-000000000009", {
    id: "9c2f1f60-0f0e-4b7a-9d55-000000000009",
    label: "somebody's",
    key: "ssh-ed25519 AAAALOGIN",
    tags: [],
  });
  const m = await driver.create(spec(), c);
  expect(provider.room.devices.get(m.id ?? "")?.input["project_ssh_keys"]).toEqual([
    "9c2f1f60-0f0e-4b7a-9d55-000000000009",
  ]);
  await driver.remove(m, c);
  expect(left(provider)).toEqual({ devices: 0, keys: 1 });
});

test("a token that is revoked midway: the error says what is left, and it is found with a new one", async () => {
  const { driver, spec, c, provider, host } = await paperWorld();
  const revoke = { ...c, report: () => void (provider.token = "another-token") };
  const error = await caught(driver.create(spec(), revoke));
  expect(error.id).toBe("PACKET_TOKEN_REFUSED");
  expect(error.output).toContain("A device or key may be left in the project");
  expect(left(provider)).toEqual(made);
  const renewed = { ...c, host: { ...host, env: { ...host.env, PACKET_AUTH_TOKEN: provider.token } } };
  expect(await driver.list(renewed)).toEqual([{ name: "localkube-demo", state: "starting" }]);
  await driver.removeByName("localkube-demo", renewed);
  expect(left(provider)).toEqual(nothing);
});

test("502 pages in between are asked past", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  for (const operation of ["findProjects", "findPlansByProject", "findProjectDevices", "findDeviceById"])
    provider.fault(operation, { kind: "answer", status: 502, body: html });
  const m = await driver.create(spec(), c);
  expect(await driver.state(m, c)).toBe("running");
});

test("our device is found on a later page", async () => {
  const { driver, spec, c, provider } = await paperWorld({ perPage: 2 });
  const tags = ["localkube", "localkube-machine-localkube-demo", "localkube-home-another"];
  for (let i = 0; i < 5; i += 1) provider.room.add({ hostname: `other-${i}`, plan: "c3.small.x86", tags });
  provider.fault("createDevice", { kind: "lost" });
  const m = await driver.create(spec(), c);
  await driver.remove(m, c);
  expect(left(provider)).toEqual({ devices: 5, keys: 0 });
});

test("nothing is left when create is interrupted, whenever that happens", async () => {
  const { driver, spec, c, provider } = await paperWorld({
    byItself: true,
    pacing: { pollMs: [20], provisionMs: 5000 },
  });
  const calls = [
    "findProjects",
    "findProjectSSHKeys",
    "createProjectSSHKey",
    "createDevice",
    "findDeviceById",
  ];
  for (const operation of calls) {
    provider.fault(operation, { kind: "late", ms: 150 });
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error("stop it")), 100);
    const running = driver.create(spec(), { ...c, signal: abort.signal });
    await expect(running, operation).rejects.toThrow("stop it");
    clearTimeout(timer);
    await provider.room.settle();
    expect(left(provider), operation).toEqual(nothing);
  }
});

test("a request that is carried out after the interruption leaves nothing either", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  provider.fault("createDevice", { kind: "belated", ms: 250 });
  const abort = new AbortController();
  const log = (line: string): void => {
    if (line.includes("checking whether")) abort.abort(new Error("stop it"));
  };
  await expect(driver.create(spec(), { ...c, log, signal: abort.signal })).rejects.toThrow("stop it");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(left(provider)).toEqual(nothing);
});

test("the rest of a killed create is continued, or created again where it does not fit", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  const { input } = provider.room.devices.get(m.id ?? "")!;
  provider.room.devices.clear();
  const half = provider.room.add(input);
  expect((await driver.create(spec(), c)).id).toBe(half.id);
  provider.room.devices.clear();
  provider.room.add(input);
  const other = await driver.create(spec({ "packet-plan": "m3.large.x86" }), c);
  expect([...provider.room.devices.keys()]).toEqual([other.id]);
  expect(left(provider)).toEqual(made);
});

test("two devices with our tags stop the command, and none is touched", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  provider.room.add(provider.room.devices.get(m.id ?? "")!.input);
  expect(await caught(driver.create(spec(), c))).toMatchObject({ id: "PACKET_DEVICES_SEVERAL" });
  expect(provider.room.devices.size).toBe(2);
  await driver.removeByName(m.name, c);
  expect(left(provider)).toEqual(nothing);
});

test("403 for a deleted device means that it is gone, 403 for everything that the token may not look", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  provider.room.devices.delete(m.id ?? "");
  const refusal = { kind: "answer", status: 403, body: { errors: ["You are not authorized"] } } as const;
  provider.fault("findDeviceById", refusal, 2);
  expect(await driver.state(m, c)).toBe("absent");
  provider.fault("findProjectDevices", refusal);
  expect(await caught(driver.state(m, c))).toMatchObject({ id: "PACKET_FORBIDDEN" });
  await driver.remove(m, c);
});

test("a device that cannot be deleted yet is asked again, and told when it never can", async () => {
  const { driver, spec, c, provider } = await paperWorld({ pacing: { removeMs: 300, pollMs: [20] } });
  const m = await driver.create(spec(), c);
  const refusal = {
    kind: "answer",
    status: 422,
    body: { errors: ["Cannot delete a locked device"] },
  } as const;
  provider.fault("deleteDevice", refusal, 2);
  await driver.remove(m, c);
  expect(left(provider)).toEqual(nothing);
  const locked = await driver.create(spec(), c);
  provider.fault("deleteDevice", refusal, 1000);
  const error = await caught(driver.remove(locked, c));
  expect(error.id).toBe("DRIVER_LEFTOVERS");
  expect(error.output).toContain("Cannot delete a locked device");
});

test("a service that refuses to power on is told in its own words", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  await driver.stop(m, { ...c, graceMs: 0 });
  const body = { errors: ["Device is in rescue mode"] };
  provider.fault("performAction", { kind: "answer", status: 422, body });
  const error = await caught(driver.start(m, c));
  expect(error.id).toBe("DRIVER_START_FAILED");
  expect(error.output).toContain("Device is in rescue mode");
});
