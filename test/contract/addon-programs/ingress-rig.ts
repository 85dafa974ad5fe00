import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  request,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createTlsServer, request as requestTls } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { createAuthority, issueLeaf, type Pem } from "../../../src/provision/pki/authority.ts";
import { freePort } from "../cluster-dns/program.ts";
import { debianProgram, type Unavailable } from "../own-program.ts";
import { KubeApi, type KubeJson } from "./kube-api.ts";
import { programSuite, type Running, until } from "./program.ts";

/** The controller that classes of the program name. */
export const controller = "localkube.local/ingress";
export const nodeAddress = "192.0.2.10";
const imagesMs = 1_800_000;
const deployment = "/apis/apps/v1/namespaces/ingress/deployments/ingress";

export interface Rule {
  readonly host?: string;
  readonly path?: string;
  readonly type?: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly service?: string;
  readonly port?: object;
}

export const backend = (name: string, port: object = { number: 80 }) => ({ service: { name, port } });

/** Answers with its name and with what it was asked, with a certificate by TLS; upgrades a connection to one that echoes. */
export class WebServer {
  port = 0;
  delayMs = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(name: string, tls?: Pem) {
    const answer: RequestListener = ({ url, headers }, response) => {
      setTimeout(() => response.end(JSON.stringify({ name, url, headers })), this.delayMs);
    };
    this.#server = tls
      ? createTlsServer({ cert: tls.certificate, key: tls.key }, answer)
      : createServer(answer);
    this.#server.on("connection", (socket) => this.#sockets.add(socket));
    this.#server.on("upgrade", ({ headers }, socket) => {
      const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455
      const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${magic}`).digest("base64");
      const lines = ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
      socket.pipe(socket);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface Answer {
  readonly status: number;
  /** Of a web server's answer. */
  readonly name?: string;
  readonly url?: string;
  readonly headers?: IncomingHttpHeaders;
}

/** The program with Debian's haproxy, an API, and a web server `front` that is the pod of Services; fresh for each test of a file. */
export class IngressRig {
  readonly suite = programSuite();
  api = new KubeApi();
  front = new WebServer("front");
  /** By which the certificates are signed. */
  authority: Pem = { certificate: "", key: "" };
  /** Where the program keeps what haproxy reads. */
  folder = "";
  #haproxy: string | Unavailable = "";
  #ports = { http: 0, https: 0 };

  constructor() {
    let unpacked: string;
    beforeAll(async () => {
      unpacked = await mkdtemp(join(tmpdir(), "localkube-haproxy-"));
      const signal = AbortSignal.timeout(imagesMs);
      this.#haproxy = await debianProgram("haproxy", "/usr/sbin/haproxy", unpacked, signal);
      this.authority = await createAuthority("sites");
    }, imagesMs);
    afterAll(() => rm(unpacked, { recursive: true, force: true }));
    beforeEach(async (test) => {
      if (typeof this.#haproxy !== "string") test.skip(this.#haproxy.reason);
      [this.api, this.front] = [new KubeApi(), new WebServer("front")];
      await Promise.all([this.api.listen(), this.front.listen()]);
      this.#ports = { http: await freePort(), https: await freePort() };
      const metadata = { name: "ingress", namespace: "ingress" };
      this.api.put(deployment, { apiVersion: "apps/v1", kind: "Deployment", metadata });
      this.class("public", controller, { "ingressclass.kubernetes.io/is-default-class": "true" });
      this.service("front");
    });
    afterEach(() => Promise.all([this.api.close(), this.front.close()]));
  }

  class(name: string, by: string, annotations: object = {}): void {
    this.api.put(`/apis/networking.k8s.io/v1/ingressclasses/${name}`, {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name, annotations },
      spec: { controller: by },
    });
  }

  /** A Service of the namespace `web` with its pods. */
  service(name: string, pods: readonly WebServer[] = [this.front], port: object = {}): void {
    const metadata = { name, namespace: "web" };
    this.api.put(`/api/v1/namespaces/web/services/${name}`, {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { ports: [{ name: "http", port: 80, protocol: "TCP", ...port }] },
    });
    this.api.put(`/api/v1/namespaces/web/endpoints/${name}`, {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata,
      subsets: pods.map(({ port }) => ({
        addresses: [{ ip: "127.0.0.1" }],
        ports: [{ name: "http", port, protocol: "TCP" }],
      })),
    });
  }

  ingress(name: string, rules: readonly Rule[], spec: object = {}, metadata: object = {}): KubeJson {
    return this.api.put(ingressPath(name), {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, namespace: "web", creationTimestamp: "2026-11-28T10:00:00Z", ...metadata },
      spec: {
        rules: rules.map(({ host, path = "/", type = "Prefix", service = "front", port }) => ({
          ...(host === undefined ? {} : { host }),
          http: { paths: [{ path, pathType: type, backend: backend(service, port) }] },
        })),
        ...spec,
      },
    });
  }

  secret(name: string, { certificate, key }: Pem): void {
    const base64 = (value: string) => Buffer.from(value).toString("base64");
    this.api.put(`/api/v1/namespaces/web/secrets/${name}`, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "web" },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(certificate), "tls.key": base64(key) },
    });
  }

  certificateFor(host: string): Promise<Pem> {
    const plan = {
      name: "site",
      authority: "ca",
      commonName: host,
      usages: ["server"],
      dnsNames: [host],
    } as const;
    return issueLeaf(plan, this.authority);
  }

  /** As if the addon were disabled. */
  removeDeployment(): void {
    this.api.remove(deployment);
  }

  /** Starts the program and waits until it answers. */
  async serve(): Promise<Running> {
    const listen = await freePort();
    this.folder = await mkdtemp(join(this.suite.folder, "run-"));
    const program = this.suite.start([
      "ingress",
      `--haproxy=${this.#haproxy as string}`,
      `--folder=${this.folder}`,
      `--http=127.0.0.1:${this.#ports.http}`,
      `--https=127.0.0.1:${this.#ports.https}`,
      `--node-address=${nodeAddress}`,
      "--deployment=ingress/ingress",
      `--listen=127.0.0.1:${listen}`,
      `--kubeconfig=${await this.suite.kubeconfig(this.api.url)}`,
    ]);
    const ready = () =>
      fetch(`http://127.0.0.1:${listen}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(ready, "readiness", program);
    return program;
  }

  /** Asks on a connection of its own, or on those that the agent keeps. */
  ask(
    host: string,
    path = "/",
    headers: IncomingHttpHeaders = {},
    agent: Agent | false = false,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { http: port } = this.#ports;
      request({ host: "127.0.0.1", port, path, headers: { ...headers, host }, agent }, (response) => {
        const { statusCode: status = 0 } = response;
        text(response).then(
          (body) => resolve({ status, ...(status === 200 ? (JSON.parse(body) as object) : {}) }),
          reject,
        );
      })
        .on("error", reject)
        .end();
    });
  }

  async statusOf(host: string, path?: string): Promise<number> {
    return (await this.ask(host, path)).status;
  }

  /** Waits until a host is answered with this status. */
  async answers(host: string, program: Running, status = 200): Promise<void> {
    await until(async () => (await this.statusOf(host)) === status, `${status} of ${host}`, program);
  }

  /** Asks a host by TLS, and rejects if its certificate is not one of the authority. */
  askByTls(host: string): Promise<Answer> {
    const { https: port } = this.#ports;
    const target = { host: "127.0.0.1", port, servername: host, headers: { host }, agent: false };
    return new Promise((resolve, reject) => {
      requestTls({ ...target, ca: this.authority.certificate }, (response) => {
        const { statusCode: status = 0 } = response;
        text(response).then((body) => resolve({ status, ...(JSON.parse(body) as object) }), reject);
      })
        .on("error", reject)
        .end();
    });
  }

  /** Whose certificate a client is shown that asks for a host by TLS. */
  shown(host: string): Promise<string> {
    const { https: port } = this.#ports;
    return new Promise((resolve, reject) => {
      const target = { host: "127.0.0.1", port, servername: host, rejectUnauthorized: false };
      const socket = connectTls(target, () => {
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        resolve(new X509Certificate(raw).subject);
      }).on("error", reject);
    });
  }

  /** A connection that was upgraded to a websocket. */
  websocket(host: string): Promise<Socket> {
    const own = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" };
    const headers = { host, connection: "Upgrade", upgrade: "websocket", ...own };
    return new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port: this.#ports.http, headers })
        .on("upgrade", (_response, socket) => resolve(socket))
        .on("response", ({ statusCode }) => reject(new Error(`no upgrade, but ${statusCode}`)))
        .on("error", reject)
        .end();
    });
  }

  /** The address in an Ingress's status. */
  addressOf(name: string): string | undefined {
    const status = this.api.get(ingressPath(name))?.["status"] as
      { loadBalancer?: { ingress?: { ip: string }[] } } | undefined;
    return status?.loadBalancer?.ingress?.[0]?.ip;
  }

  /** `INGRESS: REASON: MESSAGE` */
  events(): readonly string[] {
    return this.api
      .list("/api/v1/events")
      .map(({ involvedObject, reason, message }) =>
        [(involvedObject as { name: string }).name, String(reason), String(message)].join(": "),
      );
  }
}

export const ingressPath = (name: string) => `/apis/networking.k8s.io/v1/namespaces/web/ingresses/${name}`;
