import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { driverFlags, installedDriverFlags } from "../cli/driver-flags.ts";
import { confirm } from "../cli/confirm.ts";
import type { StartResult } from "../cluster/start/start.ts";

export default class Start extends BaseCommand<typeof Start> {
  static override summary = "Create or start a cluster, or change its settings";
  static override description =
    "Safe to run again at any time: finished steps are left alone, an interrupted start is continued, and nothing that exists is removed unless --recreate is given. Settings of an existing cluster are kept unless a flag changes them.";
  static override examples = [
    "<%= config.bin %> start",
    "<%= config.bin %> start --yes",
    "<%= config.bin %> start --driver qemu --disk-size 40G",
    "<%= config.bin %> start --driver qemu --image debian-12-generic-amd64.qcow2",
    "<%= config.bin %> start --driver qemu --image https://example.org/disk.qcow2#sha256=HEX",
    "<%= config.bin %> start --driver qemu --os flatcar --artifacts upstream",
    "<%= config.bin %> start --runtime cri --cpus 2 --memory 4G",
    "<%= config.bin %> start -p two --kubernetes-version v1.36.5 --feature-gates InPlacePodVerticalScaling=true",
    "<%= config.bin %> start --extra-config kubelet.max-pods=200 --extra-config apiserver.v=4",
    "<%= config.bin %> start --mirror /srv/mirror --dry-run",
    "<%= config.bin %> start --config localkube.yaml --output json",
  ];
  static override flags = {
    driver: Flags.string({
      summary:
        "What runs the machine: auto, qemu, virtualbox, vmware, podman, docker, packet (bare metal), ssh (an existing host)",
      helpValue: "NAME",
      helpGroup: "MACHINE",
    }),
    cpus: Flags.string({ summary: "CPUs of the machine", helpValue: "N", helpGroup: "MACHINE" }),
    memory: Flags.string({
      summary: "Memory of the machine: 4G, 4096m or MiB",
      helpValue: "SIZE",
      helpGroup: "MACHINE",
    }),
    "disk-size": Flags.string({
      summary: "Disk of a virtual machine: 20G; it can grow later",
      helpValue: "SIZE",
      helpGroup: "MACHINE",
    }),
    os: Flags.string({
      summary: "Operating system of a virtual machine: debian, flatcar",
      helpValue: "NAME",
      helpGroup: "MACHINE",
    }),
    image: Flags.string({
      summary:
        "Disk of a virtual machine: debian (built here), upstream (the distribution's cloud image), or your own qcow2, raw, VDI, VMDK, VHDX",
      helpValue: "NAME|FILE|URL",
      helpGroup: "MACHINE",
    }),
    recreate: Flags.boolean({
      summary: "Delete the existing cluster with all its data first",
      helpGroup: "MACHINE",
    }),
    yes: Flags.boolean({
      char: "y",
      summary: "Install missing host packages without asking",
      helpGroup: "MACHINE",
    }),
    runtime: Flags.string({
      summary: "Container runtime: cri (the default CRI runtime), containerd",
      helpValue: "NAME",
      helpGroup: "KUBERNETES",
    }),
    "kubernetes-version": Flags.string({
      summary: "For example v1.36.5; default: the newest stable one the artifacts offer",
      helpValue: "VERSION",
      helpGroup: "KUBERNETES",
    }),
    "extra-config": Flags.string({
      summary:
        "A component's own flag; give all of them each time, '' for none; components: kubelet, apiserver, controller-manager, scheduler, proxy, etcd",
      helpValue: "COMPONENT.KEY=VALUE",
      multiple: true,
      helpGroup: "KUBERNETES",
    }),
    "feature-gates": Flags.string({
      summary: "A=true,B=false for every component; '' for none",
      helpValue: "LIST",
      helpGroup: "KUBERNETES",
    }),
    "apiserver-names": Flags.string({
      summary: "Additional DNS names for the API server's certificate; '' for none",
      multiple: true,
      delimiter: ",",
      helpGroup: "KUBERNETES",
    }),
    "apiserver-ips": Flags.string({
      summary: "Additional addresses for the API server's certificate; '' for none",
      multiple: true,
      delimiter: ",",
      helpGroup: "KUBERNETES",
    }),
    "apiserver-port": Flags.string({
      summary: "Port of 127.0.0.1 on which the API answers; default: a free one",
      helpValue: "PORT",
      helpGroup: "KUBERNETES",
    }),
    "api-over-ssh": Flags.boolean({
      summary:
        "For machines without port forwards (driver ssh): reach the API through an SSH tunnel, not at its address",
      allowNo: true,
      helpGroup: "NETWORK",
    }),
    cni: Flags.string({
      summary: "Pod network: bridge, none, or a CNI conflist file",
      helpValue: "NAME|FILE",
      helpGroup: "NETWORK",
    }),
    "service-cidr": Flags.string({
      summary: "Network of Services (10.96.0.0/12)",
      helpValue: "CIDR",
      helpGroup: "NETWORK",
    }),
    "pod-cidr": Flags.string({
      summary: "Network of Pods (10.244.0.0/16)",
      helpValue: "CIDR",
      helpGroup: "NETWORK",
    }),
    artifacts: Flags.string({
      summary:
        "Where Kubernetes comes from: auto, upstream (released binaries), debian (built once from Debian's source package: v1.20.2)",
      helpValue: "SOURCE",
      helpGroup: "ARTIFACTS",
    }),
    mirror: Flags.string({
      summary: "Folder or URL to get artifacts from instead; '' for none",
      helpValue: "DIR|URL",
      helpGroup: "ARTIFACTS",
    }),
    "download-only": Flags.boolean({
      summary: "Only download or build what a start needs",
      helpGroup: "ARTIFACTS",
    }),
    wait: Flags.string({
      summary: "What to wait for: apiserver, node, system-pods, dns; all or none",
      multiple: true,
      delimiter: ",",
      helpGroup: "WAITING",
    }),
    "wait-timeout": Flags.string({
      summary: "How long to wait, for example 6m",
      helpValue: "TIME",
      helpGroup: "WAITING",
    }),
    "keep-context": Flags.boolean({
      summary: "Leave kubectl's current context as it is",
      allowNo: true,
      helpGroup: "KUBECONFIG",
    }),
    "embed-certs": Flags.boolean({
      summary: "Put certificates into the kubeconfig instead of their paths",
      allowNo: true,
      helpGroup: "KUBECONFIG",
    }),
    ...(driverFlags as Record<never, never>),
    config: Flags.string({
      summary: "A localkube.yaml with the same settings; flags take precedence",
      helpValue: "FILE",
    }),
    "dry-run": Flags.boolean({ summary: "Print what would be done and change nothing" }),
    timeline: Flags.string({
      summary: "Write where the time went: a .html, .svg or .json file",
      helpValue: "FILE",
    }),
  };

  protected override moreFlags(): ReturnType<typeof installedDriverFlags> {
    return installedDriverFlags();
  }

  override async run(): Promise<void> {
    const { start } = await import("../cluster/start/start.ts");
    const { readClusterFile } = await import("../cluster/spec/read-cluster-file.ts");
    const { layerFromFlags } = await import("../cluster/spec/spec-layer.ts");
    const { profile, config, yes, recreate } = this.flags;
    const from = (origins: readonly string[]) =>
      layerFromFlags(
        Object.fromEntries(
          Object.entries(this.flags).filter(([flag]) => origins.includes(this.sources[flag] ?? "")),
        ),
      );
    const file = config === undefined ? {} : await readClusterFile(config);
    const name =
      this.sources["profile"] === "flag" || this.sources["profile"] === "env"
        ? profile
        : (file.name ?? profile);
    const context = await this.useCase();
    const { record, save } = await this.timeline();
    const starting = start(
      {
        name,
        wishes: { flags: { ...from(["flag", "env"]), name }, file, settings: from(["settings"]) },
        dryRun: this.flags["dry-run"],
        downloadOnly: this.flags["download-only"],
        recreate,
        confirmPackages: (packages) =>
          confirm(`Install these Debian packages on this host: ${packages.join(" ")}?`, yes, this.signal),
      },
      {
        ...context,
        emit: (event) => {
          record(event);
          context.emit(event);
        },
      },
    );
    const [outcome] = await Promise.allSettled([starting]);
    const unsaved = await save().catch((error: unknown) => error);
    // The start's own failure is more useful than a timeline that could not be saved.
    if (outcome.status === "rejected") throw outcome.reason;
    this.print(outcome.value, () => summary(outcome.value));
    if (unsaved !== undefined) throw unsaved;
  }

  /** Collects events for `--timeline`; without the flag it does nothing. */
  private async timeline() {
    const file = this.flags.timeline;
    if (file === undefined) return { record: () => undefined, save: () => Promise.resolve() };
    const { openTimeline } = await import("../output/timeline/open-timeline.ts");
    return openTimeline(file);
  }
}

function summary(result: StartResult): string {
  const { name, driver, runtime, kubernetesVersion, artifacts, seconds, plan } = result;
  if (plan) return [`start of ${name} would:`, ...plan.map((line) => `  - ${line}`)].join("\n");
  if (!result.server)
    return `Everything for Kubernetes ${kubernetesVersion} (${artifacts} artifacts) is here`;
  return [
    `Cluster ${name} is ready after ${seconds.toFixed(1)} s`,
    `  Kubernetes  ${kubernetesVersion} (${artifacts} artifacts), ${runtime}`,
    `  Machine     ${driver}, ${result.address}`,
    `  API         ${result.server}`,
    `  kubectl     context ${result.context}, or: localkube kubectl -p ${name} -- get pods -A`,
  ].join("\n");
}
