import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import {
  backend,
  controller,
  ingressPath,
  IngressRig,
  nodeAddress,
  WebServer,
} from "./addon-programs/ingress-rig.ts";
import { until } from "./addon-programs/program.ts";

const rig = new IngressRig();
const others: WebServer[] = [];
afterEach(() => Promise.all(others.splice(0).map((server) => server.close())));

test("finds the path by host, then whole paths, then the longest prefix that ends with an element", async () => {
  for (const name of ["root", "foo", "exact", "bar", "any", "own", "rest"]) {
    const server = new WebServer(name);
    others.push(server);
    await server.listen();
    rig.service(name, [server]);
  }
  rig.ingress("paths", [
    { host: "a.test", path: "/", service: "root" },
    { host: "a.test", path: "/foo/", service: "foo" },
    { host: "a.test", path: "/foo/bar", service: "bar", type: "ImplementationSpecific" },
    { host: "a.test", path: "/foo/bar", service: "exact", type: "Exact" },
    { host: "*.b.test", path: "/any", service: "any" },
    { host: "own.b.test", path: "/any", service: "own" },
  ]);
  rig.ingress("rest", [], { defaultBackend: backend("rest", { name: "http" }) });
  await rig.serve();
  const wanted: readonly (readonly [host: string, path: string, service: string])[] = [
    ["a.test", "/", "root"],
    ["a.test", "/foo", "foo"],
    ["a.test", "/foo/", "foo"],
    ["a.test", "/foo/x?y=/foo/bar", "foo"],
    ["a.test", "/foobar", "root"],
    ["a.test", "/foo/bar", "exact"],
    ["a.test", "/foo/bar/", "bar"],
    ["a.test", "/foo/bar/x", "bar"],
    ["a.test", "/Foo", "root"],
    ["A.TEST:8080", "/foo", "foo"],
    ["x.b.test", "/any", "any"],
    ["x.b.test", "/anyway", "rest"],
    ["y.b.test", "/any/thing", "any"],
    ["own.b.test", "/any/thing", "own"],
    ["x.y.b.test", "/any", "rest"],
    ["b.test", "/any", "rest"],
    ["c.test", "/", "rest"],
  ];
  for (const [host, path, name] of wanted)
    expect([host, path, (await rig.ask(host, path)).name]).toEqual([host, path, name]);
});

test("answers 404 for a host that nobody has, 503 for a Service without pods, and passes on who asked", async () => {
  rig.service("empty", []);
  rig.ingress("site", [{ host: "site.test", path: "/a", port: { name: "http" } }]);
  rig.ingress("empty", [{ host: "empty.test", service: "empty" }]);
  rig.ingress("later", [{ host: "later.test", service: "later" }]);
  const program = await rig.serve();
  expect(await rig.statusOf("other.test")).toBe(404);
  expect(await rig.statusOf("site.test", "/")).toBe(404);
  expect(await rig.statusOf("empty.test")).toBe(503);
  expect(await rig.statusOf("later.test")).toBe(503);
  expect(await rig.statusOf("site.test/a", "/")).toBe(400);
  const seen = await rig.ask("site.test", "/a/b?c=d", { "x-forwarded-for": "203.0.113.9" });
  expect(seen).toMatchObject({ status: 200, url: "/a/b?c=d" });
  expect(seen.headers).toMatchObject({
    host: "site.test",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "site.test",
  });
  const told = await until(() => rig.events().find((line) => line.startsWith("later:")), "an event", program);
  expect(told).toBe("later: NoBackend: there is no Service later");
  rig.service("later");
  await rig.answers("later.test", program);
  expect(rig.events()).toHaveLength(1);
}, 60_000);

test("shows each host the certificate of its Secret, and a new one when that changes", async () => {
  for (const host of ["one.test", "two.test"]) {
    rig.secret(host, await rig.certificateFor(host));
    rig.ingress(host, [{ host }], { tls: [{ hosts: [host], secretName: host }] });
  }
  rig.secret("wild", await rig.certificateFor("*.w.test"));
  rig.ingress("wild", [{ host: "*.w.test" }], { tls: [{ secretName: "wild" }] });
  rig.ingress("none", [{ host: "none.test" }], { tls: [{ hosts: ["none.test"], secretName: "none" }] });
  const program = await rig.serve();
  expect(await rig.shown("one.test")).toBe("CN=one.test");
  expect(await rig.shown("two.test")).toBe("CN=two.test");
  expect(await rig.shown("x.w.test")).toBe("CN=*.w.test");
  for (const host of ["none.test", "x.y.w.test", "w.test"])
    expect(await rig.shown(host)).toBe("CN=localkube's default certificate");
  expect((await rig.askByTls("one.test")).headers).toMatchObject({ "x-forwarded-proto": "https" });
  const told = await until(() => rig.events().find((line) => line.startsWith("none:")), "an event", program);
  expect(told).toContain("NoCertificate: there is no Secret none of type kubernetes.io/tls");
  rig.secret("none", await rig.certificateFor("none.test"));
  await until(async () => (await rig.shown("none.test")) === "CN=none.test", "the certificate", program);
  rig.secret("one.test", { ...(await rig.certificateFor("one.test")), key: "no key" });
  await until(
    () => rig.events().find((line) => line.startsWith("one.test: BadCertificate")),
    "an event",
    program,
  );
  expect(await rig.shown("two.test")).toBe("CN=two.test");
  const left = await Promise.all(
    (await readdir(rig.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")),
  );
  expect(left.filter((content) => content.includes("PRIVATE KEY"))).toEqual([]);
  expect(program.output()).not.toContain("PRIVATE KEY");
}, 60_000);

test("speaks TLS with pods whose port says so", async () => {
  const server = new WebServer("secure", await rig.certificateFor("unknown.test"));
  others.push(server);
  await server.listen();
  rig.service("secure", [server], { appProtocol: "https" });
  rig.ingress("secure", [{ host: "secure.test", service: "secure" }]);
  await rig.serve();
  expect(await rig.ask("secure.test")).toMatchObject({ status: 200, name: "secure" });
});

test("upgrades a connection, which stays over a change", async () => {
  rig.ingress("site", [{ host: "site.test" }]);
  const program = await rig.serve();
  const socket = await rig.websocket("site.test");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
  socket.write("before ");
  await until(() => received === "before ", "the echo", program);
  rig.ingress("second", [{ host: "second.test" }]);
  await rig.answers("second.test", program);
  socket.write("after");
  await until(() => received === "before after", "the echo after the change", program);
  socket.destroy();
});

test("loses no request while it changes", async () => {
  rig.ingress("site", [{ host: "site.test" }]);
  rig.front.delayMs = 20;
  const program = await rig.serve();
  let asking = true;
  const statuses: number[] = [];
  const kept = new Agent({ keepAlive: true });
  const client = async (agent: Agent | false) => {
    while (asking) statuses.push((await rig.ask("site.test", "/", {}, agent)).status);
  };
  const clients = [client(false), client(false), client(kept), client(kept)];
  for (const host of ["a.test", "b.test", "c.test"]) {
    rig.ingress(host, [{ host }]);
    await rig.answers(host, program);
  }
  asking = false;
  await Promise.all(clients);
  kept.destroy();
  expect(program.output().match(/haproxy \d+ answers/g)?.length).toBeGreaterThanOrEqual(4);
  expect(statuses.length).toBeGreaterThan(100);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
}, 60_000);

test("leaves out an Ingress that haproxy does not take, says so, and serves the others", async () => {
  const [certificate, key] = [join(rig.suite.folder, "weak.crt"), join(rig.suite.folder, "weak.key")];
  const weak = ["req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=weak.test", "-days", "9"];
  await promisify(execFile)("openssl", [...weak, "-keyout", key, "-out", certificate]);
  rig.secret("weak", { certificate: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") });
  rig.ingress("weak", [{ host: "weak.test" }], { tls: [{ hosts: ["weak.test"], secretName: "weak" }] });
  rig.ingress("good", [{ host: "good.test" }]);
  const program = await rig.serve();
  await rig.answers("good.test", program);
  expect(await rig.statusOf("weak.test")).toBe(404);
  const told = await until(() => rig.events().find((line) => line.startsWith("weak:")), "an event", program);
  expect(told).toMatch(
    /Refused: haproxy does not take it, so it is left out: .*unable to load SSL certificate/,
  );
  expect(rig.addressOf("good")).toBe(nodeAddress);
  expect(rig.addressOf("weak")).toBeUndefined();
  rig.ingress("second", [{ host: "second.test" }]);
  await rig.answers("second.test", program);
  rig.secret("weak", await rig.certificateFor("weak.test"));
  await rig.answers("weak.test", program);
  expect(await rig.shown("weak.test")).toBe("CN=weak.test");
  expect(rig.events()).toHaveLength(1);
}, 60_000);

test("lets nothing that a user writes into haproxy's configuration", async () => {
  const evil = "\n  http-request return status 418\n";
  const paths = [`/a${evil}`, "/a b", '/a"b', "/a\\b", "/a#b", "/a\u00e9", "a", "/a\0"];
  rig.ingress(
    "paths",
    paths.map((path) => ({ host: "evil.test", path })),
  );
  rig.ingress("hosts", [
    { host: `evil.test${evil}` },
    { host: "a b" },
    { host: "*" },
    { host: "a.*.test" },
    { host: "#a" },
  ]);
  rig.ingress("services", [
    { host: "evil.test", path: "/s", service: `front${evil}` },
    { host: "evil.test", path: "/p", port: { name: `http${evil}` } },
  ]);
  rig.ingress("secrets", [], { tls: [{ hosts: [`evil.test${evil}`], secretName: "../../front" }] });
  rig.secret("chain", {
    ...(await rig.certificateFor("chain.test")),
    certificate: `${(await rig.certificateFor("chain.test")).certificate}${evil}`,
  });
  rig.ingress("chain", [{ host: "chain.test" }], {
    tls: [{ hosts: [`b.test${evil}`], secretName: "chain" }],
  });
  rig.ingress("good", [{ host: "evil.test", path: "/good/%20~!$&'()*+,;=:@" }]);
  const program = await rig.serve();
  expect(await rig.statusOf("evil.test", "/good/%20~!$&'()*+,;=:@/x")).toBe(200);
  expect(await rig.statusOf("chain.test")).toBe(200);
  for (const path of ["/", "/a", "/s", "/p"]) expect(await rig.statusOf("evil.test", path)).toBe(404);
  await until(() => rig.events().length >= paths.length + 5 + 2 + 1, "events", program);
  expect(rig.events().filter((line) => line.includes("\n"))).toEqual([]);
  expect(rig.events().filter((line) => /: Refused: /.test(line))).toEqual([]);
  expect(rig.events().filter((line) => line.startsWith("good:"))).toEqual([]);
});

test("serves its classes, and what names none while one of them is the default", async () => {
  rig.class("other", "example.com/other");
  rig.class("second", controller);
  rig.ingress("default", [{ host: "default.test" }]);
  rig.ingress("named", [{ host: "named.test" }], { ingressClassName: "second" });
  const annotated = (value: string) => ({ annotations: { "kubernetes.io/ingress.class": value } });
  rig.ingress("annotated", [{ host: "annotated.test" }], {}, annotated("public"));
  rig.ingress("other", [{ host: "other.test" }], { ingressClassName: "other" });
  rig.ingress("nobody", [{ host: "nobody.test" }], {}, annotated("nginx"));
  const program = await rig.serve();
  for (const host of ["default.test", "named.test", "annotated.test"]) await rig.answers(host, program);
  for (const host of ["other.test", "nobody.test"]) expect(await rig.statusOf(host)).toBe(404);
  rig.class("public", controller);
  await rig.answers("default.test", program, 404);
  expect(await rig.statusOf("annotated.test")).toBe(200);
  rig.ingress("named", [{ host: "named.test" }], { ingressClassName: "other" });
  await rig.answers("named.test", program, 404);
}, 60_000);

test("gives a path to the older Ingress that wants it, and tells the younger one", async () => {
  rig.service("empty", []);
  rig.ingress(
    "young",
    [{ host: "site.test", service: "empty" }],
    {},
    { creationTimestamp: "2026-11-28T11:00:00Z" },
  );
  rig.ingress("old", [{ host: "site.test" }]);
  const program = await rig.serve();
  expect(await rig.statusOf("site.test")).toBe(200);
  const told = await until(() => rig.events()[0], "an event", program);
  expect(told).toBe("young: PathTaken: the path site.test/ is that of the older Ingress web/old");
  rig.api.remove(ingressPath("old"));
  await rig.answers("site.test", program, 503);
});

test("writes the node's address into the status, and takes it back from what it does not serve any more", async () => {
  rig.ingress("site", [{ host: "site.test" }]);
  const program = await rig.serve();
  await until(() => rig.addressOf("site") === nodeAddress, "the status", program);
  // As the API server keeps it after the program's write: the API in memory has no managed fields.
  const written = { managedFields: [{ manager: controller }] };
  const status = { loadBalancer: { ingress: [{ ip: nodeAddress }] } };
  const other = rig.ingress("other", [{ host: "x.test" }], { ingressClassName: "elsewhere" }, written);
  rig.api.put(ingressPath("other"), { ...other, status });
  await until(() => rig.addressOf("other") === undefined, "taking back", program);
  rig.api.put(ingressPath("site"), { ...rig.ingress("site", [{ host: "site.test" }], {}, written), status });
  await program.end();
  expect(rig.addressOf("site")).toBe(nodeAddress); // a restart keeps it
  const next = await rig.serve();
  rig.removeDeployment();
  await next.end();
  expect(rig.addressOf("site")).toBeUndefined();
});

test("ends when haproxy does, and haproxy ends with it", async () => {
  rig.ingress("site", [{ host: "site.test" }]);
  const program = await rig.serve();
  const pidOf = (output: string) => Number(/haproxy (\d+) answers/.exec(output)?.[1]);
  process.kill(pidOf(program.output()), "SIGKILL");
  await until(() => program.output().includes("haproxy has ended: signal: killed"), "the end", program);
  const next = await rig.serve();
  await rig.answers("site.test", next);
  await next.kill();
  await until(
    () =>
      rig.statusOf("site.test").then(
        () => false,
        () => true,
      ),
    "the end of haproxy",
  );
});
