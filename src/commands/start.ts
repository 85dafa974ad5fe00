import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { driverFlags, installedDriverFlags, specFlags } from "../cli/spec-flags.ts";
import { confirm } from "../cli/standard-streams.ts";
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
    "<%= config.bin %> start --registry-mirror docker.io=https://mirror.example --insecure-registry 10.0.0.5:5000",
    "<%= config.bin %> start --runtime cri --oci-runtime crun --default-oci-runtime crun",
    "<%= config.bin %> start --registry-ca reg.example=ca.pem --registry-auth reg.example",
    "<%= config.bin %> start --addons storage,metrics",
    "<%= config.bin %> start --mirror /srv/mirror --dry-run",
    "<%= config.bin %> start --recreate --refresh-image",
    "<%= config.bin %> start --config localkube.yaml --output json",
  ];
  static override flags = {
    ...specFlags("MACHINE"),
    recreate: Flags.boolean({
      summary: "Delete the existing cluster with all its data first",
      helpGroup: "MACHINE",
    }),
    "refresh-image": Flags.boolean({
      summary: "Build the machine image again, with today's Debian packages; existing machines keep theirs",
      helpGroup: "MACHINE",
    }),
    yes: Flags.boolean({
      char: "y",
      summary: "Install missing host packages without asking",
      helpGroup: "MACHINE",
    }),
    ...specFlags("KUBERNETES"),
    ...specFlags("NETWORK"),
    ...specFlags("REGISTRIES"),
    ...specFlags("ARTIFACTS"),
    "download-only": Flags.boolean({
      summary: "Only download or build what a start needs",
      helpGroup: "ARTIFACTS",
    }),
    ...specFlags("WAITING"),
    ...specFlags("KUBECONFIG"),
    ...specFlags("ADDONS"),
    ...driverFlags,
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

  protected override usesStoredDefaults(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const { start } = await import("../cluster/start/start.ts");
    const { specSurroundings } = await import("../cluster/spec/surroundings.ts");
    const { readClusterFile } = await import("../spec/read-cluster-file.ts");
    const { layerFromFlags } = await import("../spec/resolve-spec.ts");
    const surroundings = specSurroundings();
    const { profile, config, yes, recreate } = this.flags;
    const from = (origins: readonly string[]) =>
      layerFromFlags(
        Object.fromEntries(
          Object.entries(this.flags).filter(([flag]) => origins.includes(this.sources[flag] ?? "")),
        ),
        surroundings,
      );
    const file = config === undefined ? {} : await readClusterFile(config, surroundings);
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
        refreshImage: this.flags["refresh-image"],
        confirmPackages: (packages) =>
          confirm(`Install these Debian packages on this host: ${packages.join(" ")}?`, yes, this.signal),
        confirmRuntimeChange: ({ from, to }) =>
          confirm(
            `Change the runtime of ${name} from ${from} to ${to}? All pods end and start again; volumes stay, images that you loaded have to be loaded again.`,
            yes,
            this.signal,
          ),
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
