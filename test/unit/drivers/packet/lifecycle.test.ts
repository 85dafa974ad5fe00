import { expect, test } from "vitest";
import { ids, left, nothing, paperWorld, transcript } from "./paper-world.ts";

const stop = { graceMs: 0 };

test("create, stop, start and remove: what goes over the wire", async () => {
  const { provider, driver, spec, c, reports } = await paperWorld();
  const section = async (work: () => Promise<unknown>): Promise<string> => {
    provider.exchanges.length = 0;
    await work();
    return transcript(provider);
  };
  let m!: Awaited<ReturnType<typeof driver.create>>;
  expect(await section(async () => (m = await driver.create(spec(), c)))).toMatchSnapshot("create");
  expect(await driver.state(m, c)).toBe("running");
  expect(await section(() => driver.stop(m, { ...c, ...stop }))).toMatchSnapshot("stop");
  expect(await driver.state(m, c)).toBe("stopped");
  expect(await section(() => driver.start(m, c))).toMatchSnapshot("start");
  expect(await driver.state(m, c)).toBe("running");
  expect(await section(() => driver.remove(m, c))).toMatchSnapshot("remove");
  expect(left(provider)).toEqual(nothing);
  expect(await driver.state(m, c)).toBe("absent");
  expect(reports).toContain("50 %: Operating system packages installed");
});

test("every option reaches the device's body", async () => {
  const { provider, driver, spec, c } = await paperWorld();
  const bodies = async (more: Readonly<Record<string, string>>) => {
    await driver.remove(await driver.create(spec(more), c), c);
    const made = provider.exchanges.findLast(({ request }) => /^POST .*\/devices$/.test(request));
    return made?.sent as Record<string, unknown>;
  };
  expect(
    await bodies({
      "packet-metro": "",
      "packet-facility": "fr2",
      "packet-project": ids.project,
      "packet-os": "ubuntu_24_04",
      "packet-billing": "monthly",
      "packet-spot-price-max": "0.4",
      "packet-termination-time": "2999-01-31T18:00:00Z",
    }),
  ).toMatchObject({
    facility: ["fr2"],
    operating_system: "ubuntu_24_04",
    billing_cycle: "monthly",
    spot_instance: true,
    spot_price_max: 0.4,
    termination_time: "2999-01-31T18:00:00.000Z",
  });
  expect(await bodies({ "packet-hw-reservation": ids.reservation })).toMatchObject({
    hardware_reservation_id: ids.reservation,
  });
  const flatcar = await bodies({ "packet-os": "flatcar_stable" });
  expect(JSON.parse(String(flatcar["userdata"]))).toMatchObject({
    ignition: { version: "3.3.0" },
    passwd: { users: [{ name: "root", sshAuthorizedKeys: ["ssh-ed25519 AAAALOGIN"] }, { name: "core" }] },
  });
});

test("the reference says how the machine is reached", async () => {
  const { driver, spec, c, provider, options } = await paperWorld();
  const m = await driver.create(spec(), c);
  expect(m).toMatchObject({
    driver: "packet",
    address: "192.0.2.11",
    addressReachable: false,
    access: { host: "192.0.2.11", port: 22, user: "root" },
    api: "ssh",
    ports: { ssh: 22 },
    data: { endpoint: `${provider.endpoint}/`, project: ids.project, caFile: options["packet-ca-file"] },
  });
  expect(JSON.stringify(m)).not.toContain(provider.token);
  await driver.remove(m, c);
  const direct = await driver.create(spec({}, { apiOverSsh: false }), c);
  expect(direct).toMatchObject({ addressReachable: true, api: "direct" });
  await driver.remove(direct, c);
});

test("a second create with the same spec finds the device; another spec does not touch it", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  expect(await driver.create(spec(), c)).toEqual(m);
  expect(left(provider)).toEqual({ devices: 1, keys: 1 });
  await expect(driver.create(spec({ "packet-plan": "m3.large.x86" }), c)).rejects.toMatchObject({
    id: "DRIVER_MACHINE_DIFFERS",
  });
  expect(await driver.state(m, c)).toBe("running");
  await driver.remove(m, c);
});

test("starting, stopping and removing what is so already is nothing", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  await driver.start(m, c);
  await driver.stop(m, { ...c, ...stop });
  await driver.stop(m, { ...c, ...stop });
  await driver.remove(m, c);
  await driver.remove(m, c);
  await driver.stop(m, { ...c, ...stop });
  await expect(driver.start(m, c)).rejects.toMatchObject({ id: "DRIVER_MACHINE_ABSENT" });
  const acted = provider.exchanges.filter(({ request }) => request.endsWith("/actions"));
  expect(acted.map(({ sent }) => sent)).toEqual([{ type: "power_off" }]);
});

test("every state of the documents is known, and no other is guessed", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  const device = provider.room.devices.get(m.id ?? "")!;
  const states = {
    queued: "starting",
    provisioning: "starting",
    reinstalling: "starting",
    powering_on: "starting",
    active: "running",
    powering_off: "stopping",
    deprovisioning: "stopping",
    inactive: "stopped",
    deleted: "absent",
    failed: "broken",
  };
  for (const [state, means] of Object.entries(states)) {
    device.state = state;
    expect(await driver.state(m, c), state).toBe(means);
  }
  device.state = "failed";
  for (const act of [() => driver.start(m, c), () => driver.stop(m, { ...c, ...stop })])
    await expect(act()).rejects.toMatchObject({ id: "DRIVER_MACHINE_BROKEN" });
  expect(await driver.diagnose(m, c)).toMatch(/is 'failed'\nIts last events:\n[^]*phoned home/);
  device.state = "active";
  await driver.remove(m, c);
  expect(await driver.diagnose(m, c)).toContain("is not at");
});

test("machines are listed by tag, for this state folder alone, until the last is gone", async () => {
  const one = await paperWorld();
  const { driver, spec, c, provider } = one;
  expect(await driver.list(c)).toEqual([]);
  const m = await driver.create(spec(), c);
  const other = await driver.create(
    spec({}, { name: "localkube-two", authorizedKey: "ssh-ed25519 AAAATWO" }),
    c,
  );
  provider.room.add({
    hostname: "demo",
    plan: "c3.small.x86",
    tags: ["localkube", "localkube-machine-localkube-demo"],
  });
  provider.room.devices.delete(other.id ?? "");
  expect(await driver.list(c)).toEqual([
    { name: m.name, state: "running" },
    { name: "localkube-two", state: "absent" },
  ]);
  await driver.removeByName("localkube-two", c);
  await driver.remove(m, c);
  expect(await driver.list(c)).toEqual([]);
  expect(left(provider), "a foreign device is left alone").toEqual({ devices: 1, keys: 0 });
  // Nothing of ours is there: the API is not asked any more, and may be gone.
  provider.exchanges.length = 0;
  expect(await driver.list(c)).toEqual([]);
  expect(provider.exchanges).toEqual([]);
});

test("says what it costs before and while it is there", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const { cost } = driver;
  expect(await cost?.estimate(spec(), c)).toEqual({
    currency: "USD",
    perHour: 0.83,
    note: "c3.small.x86 in fr, billed hourly",
  });
  expect(left(provider)).toEqual(nothing);
  expect(await cost?.estimate(spec({ "packet-spot-price-max": "0.2" }), c)).toMatchObject({
    perHour: 0.2,
    atMost: true,
  });
  expect(
    (await cost?.estimate(spec({ "packet-hw-reservation": ids.reservation }), c))?.perHour,
  ).toBeUndefined();
  const m = await driver.create(spec(), c);
  expect(await cost?.current(m, c)).toMatchObject({
    perHour: 0.83,
    since: expect.stringMatching(/^\d{4}-/) as string,
    note: "c3.small.x86 in fr, billed hourly, also while it is powered off",
  });
  await driver.remove(m, c);
  expect(await cost?.current(m, c)).toBeUndefined();
});

test("the way to the API may change while the machine lives", async () => {
  const { driver, spec, c, options } = await paperWorld();
  const m = await driver.create(spec(), c);
  const moved = await driver.withOptions?.(m, { ...options, "packet-token-file": "/elsewhere/token" }, c);
  expect(moved?.data).toEqual({ ...m.data, tokenFile: "/elsewhere/token" });
  await driver.remove(m, c);
});

test("a machine whose API is gone for good can be forgotten, and it is said what may be left", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const m = await driver.create(spec(), c);
  expect((await driver.forget?.(m, c))?.join()).toMatch(
    /device 5d1c2b3a-.* in the project 8c2f.* at https:.*localkube-machine-/,
  );
  expect(left(provider)).toEqual({ devices: 1, keys: 1 });
  expect(await driver.list(c)).toEqual([]);
});
