import type { ProgramRelease } from "./artifact.ts";
import type { PushEntry } from "./transport.ts";

/** A program that a guest may have of its own. */
export interface GuestProgram {
  /** The command; also the name of its release, and of the note in the guest that says it is ours. */
  readonly name: string;
  /** Finds the version, as first group, in what `name --version` prints. */
  readonly version: RegExp;
  /** The Debian package that contains it; undefined: none does. */
  readonly package?: string;
}

/** Versions of a program that go with one Kubernetes minor: `floor` <= version < `below`; `install` is the one that we push, absent where no release is known. */
export interface VersionRange {
  readonly floor: string;
  readonly below?: string | undefined;
  readonly install?: string | undefined;
}

/** A program of a runtime: the guest's own is used if it is good enough, else the release is pushed. */
export interface RuntimeProgram extends GuestProgram {
  readonly release: ProgramRelease;
  /** An older one still works where the artifacts contain none. */
  readonly olderWorks: boolean;
  /** What goes with that minor of Kubernetes, `36`; undefined when none does. */
  versions(minor: number): VersionRange | undefined;
}

/** A handler of a CRI runtime beside runc, as a node has it. */
export interface OciHandler {
  /** Its name in the runtime's configuration and in the RuntimeClass. */
  readonly name: string;
  /** Absolute path of the program. */
  readonly path: string;
  /** The type of its own shim (`io.….runsc.v1`); absent for a program that is called as runc is. */
  readonly shim?: string;
}

/**
 * A registry, by the name that images begin with (`docker.io`, `10.0.0.5:5000`), and how nodes reach it. What is said of a mirror's own host is in
 * the entry of that name.
 */
export interface Registry {
  readonly name: string;
  /** http(s) addresses that are asked before it, in this order, without credentials; a path precedes the images' names there. */
  readonly mirrors: readonly string[];
  /** Plain HTTP is accepted, and HTTPS with any certificate. */
  readonly insecure: boolean;
  /** Certificates (PEM) that its own may be signed by, beside those of the system. */
  readonly authority?: string;
}

export interface RuntimeInput {
  /** Version of the program that will read the configuration, `1.6.20`. */
  readonly runtimeVersion: string;
  /** Image of the pod sandbox. */
  readonly pauseImage: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** The guest may not lower oom_score_adj (no CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean;
  readonly cniBinDir: string;
  readonly handlers: readonly OciHandler[];
  /** `runc`, or the name of one of `handlers`: for pods that name none. */
  readonly defaultHandler: string;
  /** Sorted by name. Logins are not among it: the kubelet has them, for every runtime. */
  readonly registries: readonly Registry[];
}

/** What a runtime leaves on a node, for hosts that are given back; absolute paths. */
export interface RuntimeFootprint {
  /** Files that provisioning writes or unpacks. */
  readonly files: readonly string[];
  /** Folders and files that belong to the runtime alone, with everything in them: its data. The first says where most of it is. */
  readonly trees: readonly string[];
  /** The same, of what is gone after a reboot. */
  readonly runTrees: readonly string[];
  /** Where its files about registries are: what was pushed there and is no longer wanted is removed. One of `sharedFolders`. */
  readonly registryFolder: string;
  /** Folders where only our own files are removed, inner ones first. */
  readonly sharedFolders: readonly string[];
  /** Processes that outlive the unit, one for each pod or container: their `comm` (at most 15 characters), and words in the arguments of ours. */
  readonly shims: readonly { readonly comm: string; readonly words: string }[];
  /** What the runtime itself sets up beside CNI: interfaces, beginnings of the names of packet filter chains, and tables of nftables, `ip NAME`. */
  readonly network?: {
    readonly links: readonly string[];
    readonly chains: readonly string[];
    readonly tables?: readonly string[];
  };
}

/** A systemd unit of a runtime. */
export interface RuntimeUnit {
  /** `NAME.service` or `NAME.socket` */
  readonly name: string;
  /** With places for `{{inputs}}` and, in a service, `{{exec}}`. */
  readonly text: string;
  /** Which of the runtime's programs it runs; absent for a socket. */
  readonly program?: string;
  /** What the program gets after its path. */
  arguments(input: RuntimeInput): readonly string[];
}

/** What the kubelet is told besides the endpoint. */
export interface KubeletOfRuntime {
  /** In place of the flags that name a remote endpoint: the kubelet itself serves it. */
  readonly flags?: (input: RuntimeInput) => Readonly<Record<string, string>>;
  /** argv run in the guest; removes the containers of all pods, where no CRI server is left once the kubelet has stopped. */
  readonly removePods?: readonly [string, ...string[]];
  /** Fields of its configuration. */
  readonly config?: object;
}

/** An OCI runtime that a cluster may have beside runc. */
export interface OciRuntime {
  readonly name: string;
  /** Of the object by which pods choose it. */
  readonly runtimeClass: string;
  /** The first is the one that is called. */
  readonly programs: readonly RuntimeProgram[];
  readonly shim?: string;
  /** Why a machine cannot have it, and what helps; undefined when it can. */
  readonly obstacle: (machine: {
    readonly cgroupVersion: 1 | 2;
    readonly hasKvm: boolean;
  }) => { readonly problem: string; readonly fix: string } | undefined;
}

/** How what `files` wrote is read back from the runtime that runs. */
export interface SettingsInForce {
  /** argv run in the guest; prints the settings. */
  readonly ask: readonly [string, ...string[]];
  /** Names of the settings that did not arrive. `printed` is what `ask` wrote, `status` what CRI's verbose status has as `info`. Pure; throws for what it cannot read. */
  lost(
    input: RuntimeInput,
    said: { readonly printed: string; readonly status: Readonly<Record<string, string>> },
  ): readonly string[];
}

/** What a CRI server told of its own settings, as far as it did. */
export interface ServerSettings {
  readonly cgroupDriver?: "systemd" | "cgroupfs";
  /** Image of the pod sandbox. */
  readonly sandboxImage?: string;
  /** Where it looks for the programs of a pod network. */
  readonly cniBinDir?: string;
  /** The networks (CIDR) from which pods get their addresses. */
  readonly podNetworks?: readonly string[];
}

/** How a server of a runtime is handled that the machine had already, whoever set it up. */
export interface ServerAsFound {
  /** What it calls itself (CRI's Version). */
  readonly calledBy: string;
  /** For the server at that endpoint. */
  imageImport(endpoint: string): ImportByProgram;
  /** As `Runtime.keepsUsedImages`. */
  readonly keepsUsedImages: boolean;
  /** argv run in the guest; prints what `settings` gets as `printed`, where CRI does not tell it. */
  readonly ask?: readonly [string, ...string[]];
  /** `info` is that of CRI's verbose status; both may be empty, or in another form than expected. Pure, throws nothing. */
  settings(said: {
    readonly info: Readonly<Record<string, string>>;
    readonly printed: string;
  }): ServerSettings;
}

/** Kinds of image archives: an OCI layout, and what `docker save` wrote before it wrote that too. */
export type ArchiveForm = "oci" | "docker-archive";

/** A repository whose images a runtime pulls from localkube, for the time of an import. */
export interface RedirectedRepository {
  /** `docker.io/library/busybox` */
  readonly name: string;
  /** Where it is instead, as the node reaches it by plain HTTP: `127.0.0.1:40123/r0`. */
  readonly location: string;
}

export interface ImportByProgram {
  readonly by: "program";
  /** argv run in the guest; reads an archive from standard input. */
  readonly argv: readonly [string, ...string[]];
  /** The kind of archive it reads; `oci`: both. */
  readonly form: ArchiveForm;
}

/** How image archives get into a runtime. */
export type ImageImport =
  | ImportByProgram
  | {
      /** Its CRI server alone writes to its images: it pulls them, under their own names, from localkube. */
      readonly by: "pull";
      /**
       * What makes it do so. argv is run in the guest; it reads `input` from standard input, prints `ready`, and takes everything back when standard
       * input ends, so also with a lost connection.
       */
      redirect(repositories: readonly RedirectedRepository[]): {
        readonly argv: readonly [string, ...string[]];
        readonly input: string;
      };
    };

/** A CRI runtime as the nodes of one Kubernetes minor have it: data and pure functions; steps do the work. */
export interface Runtime {
  readonly name: string;
  /** CRI endpoint, `unix:///run/NAME/NAME.sock`. */
  readonly endpoint: string;
  /** Where it serves images, if not there. */
  readonly imageEndpoint?: string;
  /** The machine had it already: nothing of it is configured, started, stopped or removed. */
  readonly foreign?: true;
  /** In the order in which they are started. */
  readonly units: readonly RuntimeUnit[];
  /** The program whose version reads the configuration; absent where nothing is configured. */
  readonly server?: string;
  /** What it needs on every node. */
  readonly programs: readonly RuntimeProgram[];
  /** Images it wants, by their names in the catalogue. */
  readonly images: readonly string[];
  readonly kubelet: KubeletOfRuntime;
  /** Pods may choose other handlers than runc. */
  readonly takesHandlers: boolean;
  /** What its units read when they start. */
  files(input: RuntimeInput): readonly PushEntry[];
  /** What it reads again at each pull: a change restarts nothing. Below the footprint's `registryFolder`, in a folder for each registry. */
  registryFiles(input: RuntimeInput): readonly PushEntry[];
  /** Something about registries that it cannot be told, and why. */
  refusedRegistry(
    registries: readonly Registry[],
  ): { readonly name: string; readonly problem: string } | undefined;
  readonly settings: SettingsInForce;
  /** Answers docker clients, too. */
  readonly servesDockerApi?: true;
  /** It removes no image that a container uses, running or not; others do, and the container goes on. */
  readonly keepsUsedImages: boolean;
  /** Of a foreign server only known once it was asked what it is. */
  readonly imageImport?: ImageImport;
}

/** A CRI runtime in every version. */
export interface RuntimeDefinition {
  readonly name: string;
  /** Other words for it. */
  readonly aliases: readonly string[];
  /** All its programs, also those that only some minors need. */
  readonly programs: readonly RuntimeProgram[];
  /** Its units, and those that packages of its programs bring: they are kept from starting. */
  readonly unitNames: readonly string[];
  /** For a Kubernetes minor, `36`; undefined when none of its releases goes with it. */
  at(minor: number): Runtime | undefined;
  /** Absent where servers of it that are there already are handled like unknown ones. */
  readonly found?: ServerAsFound;
  readonly footprint: RuntimeFootprint;
}
