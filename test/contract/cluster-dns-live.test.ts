import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askTcp, askUdp } from "./cluster-dns/ask.ts";
import { codes, types } from "./cluster-dns/dns-message.ts";
import { FakeApi } from "./cluster-dns/fake-api.ts";
import { endpoints, headless, port, service } from "./cluster-dns/objects.ts";
import { freePort, Program } from "./cluster-dns/program.ts";
import { clusterDnsSuite, codeOf, zone } from "./cluster-dns/suite.ts";
import { Upstream } from "./cluster-dns/upstream.ts";

const suite = clusterDnsSuite();

describe("cluster-dns with a cluster that moves and an upstream", () => {
  const api = new FakeApi();
  const upstream = new Upstream({ "www.example.com.": "192.0.2.53" });
  const dns = new Program();
  const resolver = new Resolver({ timeout: 8000, tries: 1 });
  const udp = (name: string, type: number, more: object = {}) => askUdp(dns.port, { name, type, ...more });

  beforeAll(async () => {
    api.put(
      "services",
      service("kubernetes", "default", { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"] }),
    );
    await Promise.all([api.listen(), upstream.listen()]);
    await suite.start(dns, api.url, `127.0.0.1:${upstream.port}`);
    resolver.setServers([`127.0.0.1:${dns.port}`]);
  });
  afterAll(async () => {
    await dns.end("SIGKILL");
    await Promise.allSettled([api.close(), upstream.close()]);
  });

  it("cuts answers that are too large for UDP and gives them whole by TCP", async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ ip: `10.245.0.${index + 1}` }));
    api.put("services", headless("many", "web", { ports: [port("http", 80)] }));
    api.put("endpoints", endpoints("many", "web", many, [port("http", 80)]));
    const name = `many.web.svc.${zone}`;
    await dns.until(async () => (await udp(name, types.A)).answers.length > 0, "aware of the service");
    const plain = await udp(name, types.A);
    expect([plain.flags.tc, plain.size <= 512, plain.answers.length > 20]).toEqual([true, true, true]);
    const edns = await udp(name, types.A, { edns: 4096 });
    expect([edns.flags.tc, edns.size <= 1232, edns.answers.length > plain.answers.length]).toEqual([
      true,
      true,
      true,
    ]);
    const [whole, srv] = await askTcp(dns.port, [
      { name, type: types.A },
      { name: `_http._tcp.${name}`, type: types.SRV },
    ]);
    expect(whole?.flags.tc).toBe(false);
    expect(new Set(whole?.answers.map((record) => record.text)).size).toBe(200);
    expect(srv?.answers).toHaveLength(200);
    expect(await resolver.resolve4(name)).toHaveLength(200);
    const orders = new Set<string>();
    for (let turn = 0; turn < 5; turn++) orders.add((await resolver.resolve4(name)).slice(0, 5).join());
    expect(orders.size).toBeGreaterThan(1);
  });

  it("follows changes of services and endpoints, also over a lost watch", async () => {
    const name = `moving.web.svc.${zone}`;
    const addresses = () =>
      resolver.resolve4(name).then(
        (found) => found.sort().join(),
        (error: NodeJS.ErrnoException) => error.code,
      );
    const becomes = (wanted: string) => dns.until(async () => (await addresses()) === wanted, `at ${wanted}`);
    expect(await addresses()).toBe("ENOTFOUND");
    api.put("services", headless("moving", "web"));
    api.put("endpoints", endpoints("moving", "web", [{ ip: "10.244.1.1" }]));
    await becomes("10.244.1.1");
    api.put("endpoints", endpoints("moving", "web", [{ ip: "10.244.1.2" }], [], [{ ip: "10.244.1.1" }]));
    await becomes("10.244.1.2");
    api.put("services", service("moving", "web", { clusterIP: "10.96.0.99", clusterIPs: ["10.96.0.99"] }));
    await becomes("10.96.0.99");
    expect(await resolver.reverse("10.96.0.99")).toEqual([name]);
    api.dropConnections();
    api.put("services", service("moving", "web", { clusterIP: "10.96.0.98", clusterIPs: ["10.96.0.98"] }));
    await becomes("10.96.0.98");
    api.remove("services", "web", "moving");
    await becomes("ENOTFOUND");
  });

  it("goes on answering while the API is away", async () => {
    api.down = true;
    api.dropConnections();
    expect(await resolver.resolve4(`kubernetes.default.svc.${zone}`)).toEqual(["10.96.0.1"]);
    expect(await dns.probe("ready")).toBe(200);
    api.down = false;
  });

  it("forwards everything else: answers, no such name, by TCP when large", async () => {
    expect(await resolver.resolve4("www.example.com")).toEqual(["192.0.2.53"]);
    expect((await udp("WWW.example.com", types.A)).answers[0]?.name.toLowerCase()).toBe("www.example.com.");
    expect(await codeOf(resolver.resolve4("missing.example.com"))).toBe("ENOTFOUND");
    expect(await codeOf(resolver.resolve6("www.example.com"))).toBe("ENODATA");
    expect(await codeOf(resolver.reverse("198.51.100.4"))).toBe("ENOTFOUND");
    const large = await udp("large.example.com", types.TXT);
    expect([large.flags.tc, large.size <= 512]).toEqual([true, true]);
    expect(await resolver.resolveTxt("large.example.com")).toHaveLength(20);
    const names = new Set(upstream.asked.map((query) => query.name));
    expect([...names].filter((name) => name.endsWith(`${zone}.`))).toEqual([]);
    expect(names).toContain("4.100.51.198.in-addr.arpa.");
  });

  it("ends in order on SIGTERM: not ready first, then gone", async () => {
    const exit = dns.end("SIGTERM");
    await dns.until(async () => (await dns.probe("ready")) === 503, "withdrawn");
    expect(await exit).toBe(0);
  });
});

describe("cluster-dns with a stub zone", () => {
  const api = new FakeApi();
  const upstream = new Upstream({ "www.example.com.": "192.0.2.53", "web.service.consul.": "192.0.2.66" });
  const stub = new Upstream({ "web.service.consul.": "10.244.0.11" });
  const dns = new Program();
  const ask = (name: string) => askUdp(dns.port, { name, type: types.A });

  beforeAll(async () => {
    api.put("services", service("out", "web", { type: "ExternalName", externalName: "web.service.consul" }));
    await Promise.all([api.listen(), upstream.listen(), stub.listen()]);
    const stubs = `--stub=consul=127.0.0.1:${stub.port}`;
    await suite.start(dns, api.url, `127.0.0.1:${upstream.port}`, [stubs]);
  });
  afterAll(async () => {
    await dns.end("SIGKILL");
    await Promise.allSettled([api.close(), upstream.close(), stub.close()]);
  });

  it("asks the zone's server alone for names in it, and upstreams for the others", async () => {
    expect((await ask("WEB.service.consul")).answers.map(({ text }) => text)).toEqual(["10.244.0.11"]);
    expect((await ask("none.service.consul")).flags.rcode).toBe(codes.NXDOMAIN);
    expect((await ask("www.example.com")).answers.map(({ text }) => text)).toEqual(["192.0.2.53"]);
    expect((await ask("web.service.notconsul")).flags.rcode).toBe(codes.NXDOMAIN);
    expect(upstream.asked.map(({ name }) => name)).toEqual(["www.example.com.", "web.service.notconsul."]);
  });

  it("follows an ExternalName into the zone", async () => {
    const { answers } = await ask(`out.web.svc.${zone}`);
    expect(answers.map(({ text }) => text)).toEqual(["web.service.consul.", "10.244.0.11"]);
  });
});

describe("cluster-dns when something is missing", () => {
  const api = new FakeApi();
  beforeAll(() => api.listen());
  afterAll(() => api.close());

  const running = (upstream: (ownPort: number) => string, work: (dns: Program) => Promise<void>) =>
    suite.running(api.url, upstream, work);

  it("is healthy but not ready, and gives no wrong answers, before the API has answered", async () => {
    api.put(
      "services",
      service("kubernetes", "default", { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"] }),
    );
    api.down = true;
    await running(
      () => "127.0.0.1:9",
      async (dns) => {
        expect(await dns.probe("ready")).toBe(503);
        const name = `kubernetes.default.svc.${zone}`;
        expect((await askUdp(dns.port, { name, type: types.A })).flags.rcode).toBe(codes.SERVFAIL);
        api.down = false;
        await dns.ready();
        expect((await askUdp(dns.port, { name, type: types.A })).answers[0]?.text).toBe("10.96.0.1");
      },
    );
  });

  it("says SERVFAIL at once when the upstream refuses, and soon when it is silent", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      await running(
        () => `127.0.0.1:${silent.address().port}`,
        async (dns) => {
          const started = performance.now();
          const first = await askUdp(dns.port, { name: "www.example.com", type: types.A });
          const firstMs = performance.now() - started;
          const second = await askUdp(dns.port, { name: "other.example.com", type: types.A });
          const secondMs = performance.now() - started - firstMs;
          expect([first.flags.rcode, second.flags.rcode]).toEqual([codes.SERVFAIL, codes.SERVFAIL]);
          expect(firstMs).toBeLessThan(4500);
          expect(secondMs).toBeLessThan(500);
        },
      );
    } finally {
      silent.close();
    }
    const nobody = await freePort();
    await running(
      () => `127.0.0.1:${nobody}`,
      async (dns) => {
        const started = performance.now();
        expect((await askUdp(dns.port, { name: "www.example.com", type: types.A })).flags.rcode).toBe(
          codes.SERVFAIL,
        );
        expect(performance.now() - started).toBeLessThan(500);
      },
    );
  });

  it("uses the next upstream when the first is dead", async () => {
    const upstream = new Upstream({ "www.example.com.": "192.0.2.53" });
    await upstream.listen();
    const nobody = await freePort();
    try {
      await running(
        () => `127.0.0.1:${nobody},127.0.0.1:${upstream.port}`,
        async (dns) => {
          const reply = await askUdp(dns.port, { name: "www.example.com", type: types.A });
          expect(reply.answers[0]?.text).toBe("192.0.2.53");
        },
      );
    } finally {
      await upstream.close();
    }
  });

  it("does not storm when the upstream leads back to itself", async () => {
    const loop = createSocket("udp4").bind(0, "127.0.0.1");
    await once(loop, "listening");
    let passed = 0;
    try {
      await running(
        () => `127.0.0.1:${loop.address().port}`,
        async (dns) => {
          // The upstream asks us in its turn, as a host's resolver does that was pointed at the cluster.
          loop.on("message", (bytes) => {
            passed++;
            loop.send(bytes, dns.port, "127.0.0.1");
          });
          await dns.ready();
          const asked = ["www.example.com", "other.example.com"].map((name) =>
            askUdp(dns.port, { name, type: types.A }),
          );
          const replies = await Promise.all(asked);
          expect(replies.map((reply) => reply.flags.rcode)).toEqual([codes.SERVFAIL, codes.SERVFAIL]);
          expect(passed).toBeGreaterThanOrEqual(2);
          expect(passed).toBeLessThan(10);
          const name = `kubernetes.default.svc.${zone}`;
          expect((await askUdp(dns.port, { name, type: types.A })).answers[0]?.text).toBe("10.96.0.1");
        },
      );
    } finally {
      loop.close();
    }
  });
});
