import { expect, test } from "vitest";
import { packetSettings } from "../../../../drivers/packet/settings.ts";
import type { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { caught, ids, left, nothing, paperWorld } from "./paper-world.ts";

const endpoint = { "packet-endpoint": "https://metal.example.org/metal/v1" };

const thrown = (options: Readonly<Record<string, string>>): LocalkubeError => {
  try {
    packetSettings(options);
  } catch (error) {
    return error as LocalkubeError;
  }
  return expect.fail("it did not throw");
};

test("what is not said has a default, but for the endpoint", () => {
  expect(packetSettings(endpoint)).toEqual({
    access: { endpoint: "https://metal.example.org/metal/v1/" },
    operatingSystem: "debian_12",
    billingCycle: "hourly",
  });
  const missing = thrown({});
  expect(missing.id).toBe("PACKET_ENDPOINT_MISSING");
  expect(missing.message).toContain("ended on 30 June 2026");
});

test.each([
  ["api.example.org", "no http(s) address"],
  ["ftp://api.example.org/", "no http(s) address"],
  ["http://api.example.org/metal/v1", "everybody on the way could read the token"],
  ["https://me:secret@api.example.org/", "a password does not belong there"],
  ["https://api.example.org/?a=b", "more than a path"],
])("the endpoint %s is refused: %s", (value, problem) => {
  const error = thrown({ "packet-endpoint": value });
  expect(error.id).toBe("PACKET_ENDPOINT_INVALID");
  expect(error.message).toContain(problem);
  expect(error.message).not.toContain("secret");
});

test("without TLS only loopback is asked", () => {
  for (const host of ["127.0.0.1:8080", "localhost", "[::1]:9"])
    expect(packetSettings({ "packet-endpoint": `http://${host}` }).access.endpoint).toBe(`http://${host}/`);
});

test.each([
  [{ "packet-metro": "fr", "packet-facility": "fr2" }, "PACKET_PLACE_TWICE"],
  [{ "packet-billing": "weekly" }, "PACKET_CHOICE_UNKNOWN"],
  [{ "packet-spot-price-max": "cheap" }, "PACKET_CHOICE_UNKNOWN"],
  [{ "packet-spot-price-max": "-1" }, "PACKET_CHOICE_UNKNOWN"],
  [{ "packet-spot-price-max": "Infinity" }, "PACKET_CHOICE_UNKNOWN"],
  [{ "packet-termination-time": "tomorrow" }, "PACKET_CHOICE_UNKNOWN"],
  [{ "packet-termination-time": "2020-01-01T00:00:00Z" }, "PACKET_CHOICE_UNKNOWN"],
])("%j is %s", (options, id) => {
  expect(thrown({ ...endpoint, ...options }).id).toBe(id);
});

test.each([
  [{ "packet-plan": "" }, "PACKET_CHOICE_MISSING", "c3.small.x86"],
  [{ "packet-metro": "" }, "PACKET_CHOICE_MISSING", "dc, fr"],
  [{ "packet-plan": "--force 'ß" }, "PACKET_CHOICE_UNKNOWN", "c3.small.x86"],
  [{ "packet-metro": "xx" }, "PACKET_CHOICE_UNKNOWN", "dc, fr"],
  [{ "packet-metro": "", "packet-facility": "xx1" }, "PACKET_CHOICE_UNKNOWN", "fr2"],
  [{ "packet-metro": "dc" }, "PACKET_CHOICE_UNKNOWN", "fr"],
  [{ "packet-os": "beos_5" }, "PACKET_CHOICE_UNKNOWN", "debian_12"],
  [{ "packet-os": "windows_2022" }, "PACKET_CHOICE_UNKNOWN", "debian_12"],
  [{ "packet-hw-reservation": ids.usedReservation }, "PACKET_RESERVATION_UNUSABLE", "next-available"],
  [
    { "packet-hw-reservation": ids.reservation, "packet-plan": "m3.large.x86" },
    "PACKET_CHOICE_UNKNOWN",
    "c3.small.x86",
  ],
  [{ "packet-project": ids.otherProject }, "PACKET_NOT_FOUND", "--packet-project"],
  [{ "packet-project": "../../user" }, "PACKET_CHOICE_UNKNOWN", `${ids.project} (localkube)`],
  [{ "packet-hw-reservation": "../x" }, "PACKET_CHOICE_UNKNOWN", "next-available"],
])("the API's own choices: %j is %s, before anything is made", async (more, id, known) => {
  const { driver, spec, c, provider } = await paperWorld();
  const error = await caught(driver.create(spec(more), c));
  expect(error.id).toBe(id);
  expect(error.fix).toContain(known);
  expect(left(provider)).toEqual(nothing);
  expect(provider.exchanges.filter(({ request }) => request.startsWith("POST"))).toEqual([]);
});

test("a project may be named instead of its id", async () => {
  const { driver, spec, c } = await paperWorld();
  const m = await driver.create(spec({ "packet-project": "localkube" }), c);
  expect(m.data["project"]).toBe(ids.project);
});

test("several projects are not guessed at", async () => {
  const { driver, spec, c, provider } = await paperWorld();
  const body = { projects: [{ id: ids.project, name: "one" }, { id: ids.otherProject }], meta: {} };
  provider.fault("findProjects", { kind: "answer", status: 200, body });
  const error = await caught(driver.create(spec(), c));
  expect(error).toMatchObject({ id: "PACKET_PROJECT_UNCLEAR", params: { count: 2 } });
  expect(error.fix).toContain(`${ids.project} (one), ${ids.otherProject}`);
});
