import process from "node:process";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import type { keepInBackground, Kept } from "../cluster/background/keep.ts";
import type { ServiceRequest, ServiceUrl } from "../cluster/services/reach-services.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { parseWaitTimeout } from "../spec/parse/quantities.ts";

export default class Service extends BaseCommand<typeof Service> {
  static override summary = "Find a URL on which a Service answers, and open it in the browser";
  static override description =
    "Waits until the Service has a pod that is ready and a connection is taken. The URL is the address that a load balancer gave the Service or a NodePort, where this computer reaches them; else a port of 127.0.0.1 is forwarded over the SSH connection: until Ctrl-C in a terminal, otherwise by a process in the background, until `service --stop`, `stop` or `delete`. Standard output has only URLs that answer.";
  static override examples = [
    "<%= config.bin %> service web",
    "curl $(<%= config.bin %> service web --url)",
    "<%= config.bin %> service web:https api -n shop --background",
    "<%= config.bin %> service --all --url --format '{name} {host} {port}'",
    "<%= config.bin %> service --stop",
  ];
  static override args = {
    name: Args.string({ description: "Name of a Service; NAME:PORT for one of its ports", required: false }),
  };
  static override flags = {
    namespace: Flags.string({
      char: "n",
      helpValue: "NAME",
      summary: "Namespace of the Services",
      default: "default",
    }),
    all: Flags.boolean({ summary: "All Services of the namespace that have a ready pod" }),
    url: Flags.boolean({ summary: "Print nothing but URLs, and open no browser" }),
    https: Flags.boolean({ summary: "The port speaks TLS, whatever its name and number say" }),
    format: Flags.string({
      summary:
        "Print this for each port, with {url}, {host}, {port}, {name}, {namespace} and {protocol} filled in",
      helpValue: "TEXT",
    }),
    "wait-timeout": Flags.string({
      summary:
        "How long to wait for a ready pod and an answer; given here, also for a Service that is not there yet",
      helpValue: "TIME",
      default: "2m",
    }),
    background: Flags.boolean({ summary: "Leave forwards to a process in the background" }),
    stop: Flags.boolean({
      summary: "End forwards in the background, all or those to the Services that are named",
      exclusive: ["all", "url", "https", "format", "background"],
    }),
  };
  static override usage = "service NAME… [-n NAMESPACE] [--url] [--background]";
  static override strict = false;
  static override exits = {
    66: "no such Service, or nothing of it can be reached over TCP",
    69: "it does not answer",
  };

  override async run(): Promise<void> {
    if (this.flags.stop) return this.#stop();
    const { all, namespace, https, profile: name } = this.flags;
    const services = [...this.words].sort();
    if (all === services.length > 0)
      throw new LocalkubeError("USAGE_INVALID", {
        problem: all ? "--all leaves no Service to name" : "a Service is missing; or --all",
        command: "service",
      });
    const limitMs = parseWaitTimeout(this.flags["wait-timeout"]) * 1000;
    const waitsForExistence = this.sources["wait-timeout"] === "flag";
    const request = { name, namespace, services, https, limitMs, waitsForExistence };
    const background = await import("../cluster/background/keep.ts");
    if (background.staysInBackground()) return this.#keep(request, background.keepInBackground);
    const { needForwards, reachServices } = await import("../cluster/services/reach-services.ts");
    // A script that waits for the end of its output would wait for ever.
    const leaves = this.flags.background || process.stdout.isTTY !== true;
    if (leaves && (await needForwards(request, this.quietUseCase()))) {
      const work = { kind: "service", id: idOf(request) } as const;
      const detail = await background.leaveInBackground(name, work, this.quietUseCase());
      return this.#tell(detail["urls"] as readonly ServiceUrl[], "background");
    }
    await reachServices(request, this.quietUseCase(), (urls, staying) =>
      this.#tell(urls, staying ? "here" : "direct"),
    );
  }

  async #keep(request: ServiceRequest, keep: typeof keepInBackground): Promise<void> {
    const { reachServices } = await import("../cluster/services/reach-services.ts");
    await keep(request.name, this.quietUseCase(), (context, begun) =>
      reachServices(request, context, (urls) => {
        const what = urls
          .map(({ namespace, name, url }) => `${url} leads to ${namespace}/${name}`)
          .join(", ");
        const kept: Kept = { kind: "service", id: idOf(request), what, detail: { urls } };
        return begun(kept);
      }),
    );
  }

  async #stop(): Promise<void> {
    const { endBackground } = await import("../cluster/background/keep.ts");
    const { namespace, profile: name } = this.flags;
    const wanted = this.words.map((word) => `${namespace}/${word.split(":")[0]}`);
    const ended = await endBackground(name, this.quietUseCase(), {
      kind: "service",
      ...(wanted.length === 0 ? {} : { where: ({ detail }) => leadsToAny(detail, wanted) }),
    });
    this.print({ name, ended: ended.map(({ id, what }) => ({ id, what })) }, () =>
      ended.length === 0
        ? "No forward runs in the background"
        : ended.map(({ what }) => `Ended: ${what}`).join("\n"),
    );
  }

  /** `staying`: where the process is that forwards to them. */
  async #tell(urls: readonly ServiceUrl[], staying: "here" | "background" | "direct"): Promise<void> {
    const { format, url: isUrlOnly, profile } = this.flags;
    this.print(urls, () =>
      urls
        .map((one) => {
          if (format !== undefined) return filled(format, one);
          if (isUrlOnly) return one.url;
          const end = staying === "here" && one.via === "forward" ? "; Ctrl-C ends it" : "";
          return `${one.url} leads to port ${one.port} of ${one.namespace}/${one.name} (${ways[one.via]})${end}`;
        })
        .join("\n"),
    );
    if (staying === "background" && this.flags.output === "text")
      process.stderr.write(
        `Forwarded by a process in the background; to end it: localkube service --stop -p ${profile}\n`,
      );
    if (isUrlOnly || format !== undefined || this.flags.output !== "text") return;
    const { openBrowser } = await import("../host/open-browser.ts");
    const page = pageOf(urls);
    if (page) await openBrowser(page.url, this.host);
  }
}

const ways = { loadbalancer: "its load balancer", nodeport: "NodePort", forward: "forwarded" } as const;

/** Of the same Services it is the same, so that a second call finds what the first has left. */
const idOf = ({ namespace, services, https }: ServiceRequest): string =>
  `${namespace}/${services.join(",") || "*"}${https ? " https" : ""}`;

const leadsToAny = (detail: Readonly<Record<string, unknown>>, places: readonly string[]): boolean =>
  (detail["urls"] as readonly ServiceUrl[]).some(({ namespace, name }) =>
    places.includes(`${namespace}/${name}`),
  );

/** What a browser opens: the only one, or the one whose port is called or numbered as pages' are. */
const pageOf = (urls: readonly ServiceUrl[]): ServiceUrl | undefined =>
  urls.length === 1 ? urls[0] : urls.find(({ port }) => ["http", "https", "80", "443"].includes(port));

function filled(format: string, one: ServiceUrl): string {
  const { hostname, port } = new URL(one.url);
  const values: Readonly<Record<string, string>> = {
    ...{ url: one.url, host: hostname, name: one.name, namespace: one.namespace, protocol: one.protocol },
    port: port || (one.protocol === "https" ? "443" : "80"),
  };
  return format.replaceAll(/\{(\w+)\}/g, (place, key: string) => values[key] ?? place);
}
