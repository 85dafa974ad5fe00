import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askUdp } from "./cluster-dns/ask.ts";
import { codes, types } from "./cluster-dns/dns-message.ts";
import { FakeApi } from "./cluster-dns/fake-api.ts";
import { endpoints, headless, port, service } from "./cluster-dns/objects.ts";
import { Program } from "./cluster-dns/program.ts";
import { clusterDnsSuite, codeOf, zone } from "./cluster-dns/suite.ts";
import { Upstream } from "./cluster-dns/upstream.ts";

const suite = clusterDnsSuite();

describe("cluster-dns answers the specification", () => {
  const api = new FakeApi();
  const upstream = new Upstream({ "www.example.com.": "192.0.2.53" });
  const dns = new Program();
  const resolver = new Resolver({ timeout: 8000, tries: 1 });
  const udp = (name: string, type: number, more: object = {}) => askUdp(dns.port, { name, type, ...more });

  beforeAll(async () => {
    api.put(
      "services",
      service("kubernetes", "default", {
        clusterIP: "10.96.0.1",
        clusterIPs: ["10.96.0.1"],
        ports: [port("https", 443)],
      }),
    );
    api.put(
      "services",
      service("dual", "web", {
        clusterIP: "10.96.0.7",
        clusterIPs: ["10.96.0.7", "fd00:10:96::7"],
        ports: [port("http", 80), port("dns", 53, "UDP"), { port: 81 }],
      }),
    );
    api.put("services", headless("db", "web", { ports: [port("sql", 5432)] }));
    api.put(
      "endpoints",
      endpoints(
        "db",
        "web",
        [
          { ip: "10.244.0.11", hostname: "db-0" },
          { ip: "10.244.0.12", hostname: "db-1" },
          { ip: "10.244.0.13" },
        ],
        [port("sql", 5432)],
        [{ ip: "10.244.0.14", hostname: "db-3" }],
      ),
    );
    api.put("services", headless("early", "web", { publishNotReadyAddresses: true }));
    api.put("endpoints", endpoints("early", "web", [{ ip: "10.244.0.21" }], [], [{ ip: "10.244.0.22" }]));
    api.put("services", headless("empty", "web"));
    api.put("services", headless("six", "web"));
    api.put("endpoints", endpoints("six", "web", [{ ip: "fd00:10:244::5" }]));
    api.put("services", service("out", "web", { type: "ExternalName", externalName: "www.example.com" }));
    api.put(
      "services",
      service("inward", "web", { type: "ExternalName", externalName: `kubernetes.default.svc.${zone}` }),
    );
    api.put(
      "services",
      service("round", "web", { type: "ExternalName", externalName: `about.web.svc.${zone}` }),
    );
    api.put(
      "services",
      service("about", "web", { type: "ExternalName", externalName: `round.web.svc.${zone}` }),
    );
    await Promise.all([api.listen(), upstream.listen()]);
    await suite.start(dns, api.url, `127.0.0.1:${upstream.port}`);
    resolver.setServers([`127.0.0.1:${dns.port}`]);
  });
  afterAll(async () => {
    await dns.end("SIGKILL");
    await Promise.allSettled([api.close(), upstream.close()]);
  });

  it("says the schema version", async () => {
    expect(await resolver.resolveTxt(`dns-version.${zone}`)).toEqual([["1.1.0"]]);
  });

  it("answers ClusterIP services: A, AAAA, SRV with addresses beside, PTR", async () => {
    expect(await resolver.resolve4(`kubernetes.default.svc.${zone}`)).toEqual(["10.96.0.1"]);
    expect(await resolver.resolve6(`dual.web.svc.${zone}`)).toEqual(["fd00:10:96::7"]);
    expect(await resolver.resolveSrv(`_https._tcp.kubernetes.default.svc.${zone}`)).toMatchObject([
      { name: `kubernetes.default.svc.${zone}`, port: 443 },
    ]);
    expect(await resolver.resolveSrv(`_dns._udp.dual.web.svc.${zone}`)).toMatchObject([{ port: 53 }]);
    const srv = await udp(`_https._tcp.kubernetes.default.svc.${zone}`, types.SRV);
    expect(srv.additional.map(({ name, text }) => [name, text])).toEqual([
      [`kubernetes.default.svc.${zone}.`, "10.96.0.1"],
    ]);
    expect(await resolver.reverse("10.96.0.1")).toEqual([`kubernetes.default.svc.${zone}`]);
    expect(await resolver.reverse("fd00:10:96::7")).toEqual([`dual.web.svc.${zone}`]);
  });

  it("answers headless services from ready endpoints, by name, hostname, port and address", async () => {
    const name = `db.web.svc.${zone}`;
    expect((await resolver.resolve4(name)).sort()).toEqual(["10.244.0.11", "10.244.0.12", "10.244.0.13"]);
    expect(await resolver.resolve4(`db-1.${name}`)).toEqual(["10.244.0.12"]);
    expect(await resolver.resolve4(`10-244-0-13.${name}`)).toEqual(["10.244.0.13"]);
    expect(await codeOf(resolver.resolve4(`db-3.${name}`))).toBe("ENOTFOUND");
    const srv = await resolver.resolveSrv(`_sql._tcp.${name}`);
    expect(srv.map((record) => [record.name, record.port]).sort()).toEqual([
      [`10-244-0-13.${name}`, 5432],
      [`db-0.${name}`, 5432],
      [`db-1.${name}`, 5432],
    ]);
    expect(await resolver.reverse("10.244.0.11")).toEqual([`db-0.${name}`]);
    expect(await codeOf(resolver.reverse("10.244.0.14"))).toBe("ENOTFOUND");
  });

  it("shows endpoints that are not ready only where the service publishes them", async () => {
    expect((await resolver.resolve4(`early.web.svc.${zone}`)).sort()).toEqual(["10.244.0.21", "10.244.0.22"]);
  });

  it("answers IPv6 endpoints", async () => {
    expect(await resolver.resolve6(`six.web.svc.${zone}`)).toEqual(["fd00:10:244::5"]);
    expect(await resolver.resolve6(`fd00-10-244--5.six.web.svc.${zone}`)).toEqual(["fd00:10:244::5"]);
    expect(await codeOf(resolver.resolve4(`six.web.svc.${zone}`))).toBe("ENODATA");
  });

  it("answers external names with the alias and what it leads to, and survives circles", async () => {
    expect(await resolver.resolveCname(`out.web.svc.${zone}`)).toEqual(["www.example.com"]);
    const out = await udp(`out.web.svc.${zone}`, types.A);
    expect(out.answers.map(({ type, text }) => [type, text])).toEqual([
      [types.CNAME, "www.example.com."],
      [types.A, "192.0.2.53"],
    ]);
    expect(await resolver.resolve4(`inward.web.svc.${zone}`)).toEqual(["10.96.0.1"]);
    const circle = await udp(`round.web.svc.${zone}`, types.A);
    expect(circle.flags.rcode).toBe(codes.NOERROR);
    expect(circle.answers.every((record) => record.type === types.CNAME)).toBe(true);
  });

  it("answers pod addresses", async () => {
    expect(await resolver.resolve4(`10-244-3-9.web.pod.${zone}`)).toEqual(["10.244.3.9"]);
    expect(await codeOf(resolver.resolve4(`not-an-address.web.pod.${zone}`))).toBe("ENOTFOUND");
  });

  it.each([
    ["a service that is not there", `nothing.web.svc.${zone}`, types.A],
    ["a namespace without services", `nowhere.svc.${zone}`, types.A],
    ["a headless service without endpoints", `empty.web.svc.${zone}`, types.A],
    ["a name that is none of ours", `foo.${zone}`, types.A],
    ["an unknown port", `_ftp._tcp.dual.web.svc.${zone}`, types.SRV],
    ["a port of another protocol", `_dns._tcp.dual.web.svc.${zone}`, types.SRV],
    ["labels below an endpoint", `a.db-0.db.web.svc.${zone}`, types.A],
  ])("says NXDOMAIN for %s", async (_what, name, type) => {
    const reply = await udp(name, type);
    expect(reply.flags).toMatchObject({ rcode: codes.NXDOMAIN, aa: true, qr: true });
    expect(reply.authority.map((record) => [record.name, record.type])).toEqual([[`${zone}.`, types.SOA]]);
  });

  it.each([
    ["another type of a service", `kubernetes.default.svc.${zone}`, types.AAAA],
    ["another type of a port", `_https._tcp.kubernetes.default.svc.${zone}`, types.A],
    ["a protocol alone", `_tcp.kubernetes.default.svc.${zone}`, types.SRV],
    ["a namespace with services", `web.svc.${zone}`, types.A],
    ["the services' domain", `svc.${zone}`, types.A],
    ["the pods' domain", `pod.${zone}`, types.A],
    ["the zone", zone, types.A],
    ["any type", `kubernetes.default.svc.${zone}`, types.MX],
  ])("says NODATA for %s", async (_what, name, type) => {
    const reply = await udp(name, type);
    expect(reply.flags).toMatchObject({ rcode: codes.NOERROR, aa: true });
    expect(reply.answers).toEqual([]);
    expect(reply.authority.map((record) => record.type)).toEqual([types.SOA]);
  });

  it("gives the zone's SOA and short lifetimes", async () => {
    expect(await resolver.resolveSoa(zone)).toMatchObject({ nsname: `ns.dns.${zone}`, minttl: 5 });
    expect((await udp(`kubernetes.default.svc.${zone}`, types.A)).answers[0]?.ttl).toBe(5);
  });

  it("takes names in any case and gives them back as asked", async () => {
    const reply = await udp(`KuberNetes.DEFAULT.svc.Cluster.LOCAL`, types.A);
    expect(reply.answers.map(({ name, text }) => [name, text])).toEqual([
      ["KuberNetes.DEFAULT.svc.Cluster.LOCAL.", "10.96.0.1"],
    ]);
    expect(await resolver.resolveSrv(`_HTTPS._TCP.Kubernetes.Default.svc.${zone}`)).toHaveLength(1);
  });

  it("speaks EDNS, and only to those who do", async () => {
    const name = `kubernetes.default.svc.${zone}`;
    const opt = (records: readonly { type: number }[]) =>
      records.filter((record) => record.type === types.OPT);
    expect(opt((await udp(name, types.A)).additional)).toEqual([]);
    expect(opt((await udp("www.example.com", types.A)).additional)).toEqual([]);
    expect(opt((await udp(name, types.A, { edns: 4096 })).additional)).toMatchObject([{ class: 1232 }]);
    const unknown = await udp(name, types.A, { edns: 1232, ednsVersion: 7 });
    // BADVERS is 16: four bits in the header, the rest in the OPT record's time to live.
    expect([unknown.flags.rcode, opt(unknown.additional).length]).toEqual([0, 1]);
    expect((unknown.additional[0]?.ttl ?? 0) >>> 24).toBe(1);
  });

  it("refuses what it does not do", async () => {
    expect((await udp(zone, types.A, { class: 3 })).flags.rcode).toBe(codes.REFUSED);
    expect((await udp(zone, types.A, { opcode: 4 })).flags.rcode).toBe(codes.NOTIMP);
  });

  it("survives packets that are no DNS", async () => {
    const socket = createSocket("udp4");
    for (const bytes of [[], [0], [0, 1, 2, 3, 4], Array.from({ length: 600 }, () => 255)])
      await new Promise((done) => socket.send(Buffer.from(bytes), dns.port, "127.0.0.1", done));
    socket.close();
    expect(await resolver.resolve4(`kubernetes.default.svc.${zone}`)).toEqual(["10.96.0.1"]);
  });
});
