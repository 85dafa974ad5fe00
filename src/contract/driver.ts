import type { HostContext, RunContext } from "./host.ts";

/** What a machine can be; `unknown` and `broken` stop every command with a diagnosis, nothing is re-made. */
export type MachineState =
  "absent" | "stopped" | "starting" | "running" | "paused" | "saved" | "stopping" | "broken" | "unknown";

export interface DriverCapabilities {
  /**
   * Where a machine's CPUs and memory come from. `shared`: it sees all of this computer and is limited to the spec. `allotted`: it has exactly
   * what the spec says, taken from this computer. `own`: it is a computer of its own and the node gets all of it; the spec's size means
   * nothing there.
   */
  readonly resources: "shared" | "allotted" | "own";
  /** Whether `create` makes a machine here, rents one from a provider, or takes one that exists. */
  readonly origin: "created" | "rented" | "existing";
  /** Milliseconds until sshd of a machine that was just powered on must answer: an emulated boot or a server's firmware takes minutes. */
  readonly bootMs: number;
  /** Milliseconds that the API server may take for one answer on a busy machine. */
  readonly answerMs: number;
  /**
   * Which firewall of ours the machine gets before anything of Kubernetes listens there. `none`: its address is reached from this computer
   * alone. `closed`: everybody can try the address, so only SSH is let in. `shared`: the host has services of its own, which stay open;
   * only the cluster's ports are closed to other machines.
   */
  readonly firewall: "none" | "closed" | "shared";
  /** `start` may bring back memory of an earlier time, and with it an earlier clock, which is then set. */
  readonly hasOwnClock: boolean;
  /** A provider's image does its first boot by itself, while sshd answers already; its end is waited for. */
  readonly firstBootByProvider: boolean;
  /** `stop` shuts the guest down by itself, as by a power button; without it the caller shuts the guest down first. */
  readonly powerButton: boolean;
  /** The driver forwards a port of 127.0.0.1 to the API; without it there is a tunnel of ours, or the machine's own address. */
  readonly forwardsApi: boolean;
  /** What `MachineSpec.image` must be: a root file system as tar, a bootable disk, or nothing (the machine is there). */
  readonly image: "rootfs" | "disk" | "none";
  /** Each is true exactly when the driver has the operations of that name (`Driver.suspend`, `.snapshots`, `.resize`, `.volumes`). */
  readonly suspend: boolean;
  readonly snapshot: boolean;
  readonly resize: boolean;
  readonly volumes: boolean;
}

/** Answer to «can this driver work here?». */
export interface Probe {
  readonly usable: boolean;
  readonly version?: string;
  /** Said beside «it can be used»: what else its user has to bring. */
  readonly note?: string;
  /** What is missing, one sentence; set when not usable. */
  readonly problem?: string;
  /** The one command or action that mends it. */
  readonly fix?: string;
  /** Debian packages whose installation mends it; `start --yes` installs them. */
  readonly packages?: readonly string[];
  /** Set when the machine would run by emulation: why, one sentence. `auto` then tries this driver last. */
  readonly emulated?: string;
}

/** A TCP port of the guest that the host must reach on 127.0.0.1; the chosen host port is kept for the machine's life. */
export interface PortRequest {
  readonly name: "ssh" | "api";
  readonly guestPort: number;
  /** Wanted port of the host; 0 = the driver picks a free one. */
  readonly hostPort: number;
}

export interface MachineImage {
  readonly kind: DriverCapabilities["image"];
  /** Tar (rootfs) or qcow2 (disk) on the host, empty for `none`; never changed once it has its name. It may vanish with the cache: a machine keeps its own. */
  readonly file: string;
  /** Content key: equal keys are equal images. */
  readonly key: string;
  /** Who reads the seed at the first boot of a disk. */
  readonly firstBoot?: "cloud-init" | "ignition";
  /** Kernel and initramfs of a disk, for hypervisors that can load them without its boot loader (8 s of a 37 s boot in emulation). */
  readonly kernel?: { readonly file: string; readonly initramfs: string; readonly commandLine: string };
}

/** What a machine has of its host; `diskGiB` is the size of its disk as the guest sees it. */
export interface Hardware {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
}

export interface MachineSpec extends Hardware {
  /** Unique on the host: `localkube-<profile>`. Also the label by which `list` finds orphans. */
  readonly name: string;
  readonly hostname: string;
  readonly image: MachineImage;
  readonly ports: readonly PortRequest[];
  /** OpenSSH public key allowed to log in as root. */
  readonly authorizedKey: string;
  /** Identity file matching `authorizedKey`; only its path goes into the endpoint. */
  readonly identityFile: string;
  /** Host key pair to inject; the private part is in OpenSSH PEM format and must never reach argv or a log. */
  readonly hostKey: { readonly privatePem: string; readonly publicKey: string };
  /** Networks (CIDR) the driver must not choose its own network from: pod and service CIDRs. */
  readonly avoidNetworks: readonly string[];
  /** Values of the driver's own options (`drivers/<name>/options.ts`), only those that were given. */
  readonly options: Readonly<Record<string, string>>;
  /** Where the driver has no forward for the API: through the SSH connection (true), or at the machine's own address. */
  readonly apiOverSsh: boolean;
}

/** An SSH server on the way to a machine. */
export interface JumpHost {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absent: the same keys as for the machine. */
  readonly identityFile?: string;
  readonly hostKey: string;
}

/** How sshd of a machine is reached that no driver forwards to loopback. What is absent is as for any machine: our key, the host key we injected. */
export interface MachineAccess {
  readonly host: string;
  readonly port: number;
  /** Anyone but `root` works through sudo. */
  readonly user: string;
  /** The user's own private key. */
  readonly identityFile?: string;
  /** Keys of the user's SSH agent too. */
  readonly agent?: boolean;
  /** `ssh-ed25519 AAAA…`, the only one accepted. */
  readonly hostKey?: string;
  readonly jump?: JumpHost;
  /** File with the password for sudo; else the variable LOCALKUBE_SUDO_PASSWORD, else none is needed. */
  readonly sudoPasswordFile?: string;
}

/** A driver's own record of a machine: plain JSON, stored in the profile, opaque to everyone else but for these fields. */
export interface MachineRef {
  readonly driver: string;
  readonly name: string;
  /** The hypervisor's id, when it has one. */
  readonly id?: string;
  /** Address of the guest that stays the same over stop and start. */
  readonly address: string;
  /** Reachable from the host at `address` without a forward (NodePorts). */
  readonly addressReachable: boolean;
  /** Host ports by request name. For a machine with `access`: port of its sshd; port of 127.0.0.1 for the tunnel to the API (`direct`: unused). */
  readonly ports: Readonly<Record<PortRequest["name"], number>>;
  /** Absent: the driver forwards sshd to 127.0.0.1, where root logs in with the key we made. */
  readonly access?: MachineAccess;
  /**
   * How the API is reached. `forwarded` (the default): the driver brings 127.0.0.1:`ports.api` to it. `ssh`: we keep an SSH tunnel at that
   * port. `direct`: at `address`:6443.
   */
  readonly api?: "forwarded" | "ssh" | "direct";
  readonly data: Readonly<Record<string, string>>;
}

export interface SuspendOps {
  /**
   * Writes the running (or paused) machine's memory and devices to disk and powers it off; its state is then `saved`, and `start` goes on
   * where it was. A saved machine is left alone. Rejects with DRIVER_SUSPEND_FAILED; the machine then runs on.
   */
  save(m: MachineRef, c: RunContext): Promise<void>;
  /** Forgets the saved memory: the machine is `stopped` as after a power cut. One that is not saved is left alone. */
  discard(m: MachineRef, c: RunContext): Promise<void>;
}

export interface MachineSnapshot {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Memory too: restoring it gives a running machine; without it a stopped one. */
  readonly memory: boolean;
  /** What it takes beyond the disk, bytes, as far as the hypervisor tells. */
  readonly bytes: number;
}

export interface SnapshotOps {
  /** Disk and memory of a running machine (which goes on), the disk alone of a stopped one. Rejects with DRIVER_SNAPSHOT_EXISTS, DRIVER_SNAPSHOT_FAILED. */
  create(m: MachineRef, name: string, c: RunContext): Promise<void>;
  list(m: MachineRef, c: RunContext): Promise<readonly MachineSnapshot[]>;
  /**
   * Puts the machine back, whatever state it is in; what was written since is lost. Rejects with DRIVER_SNAPSHOT_UNKNOWN,
   * DRIVER_SNAPSHOT_DIFFERS (memory of other hardware) or DRIVER_SNAPSHOT_FAILED; nothing is changed then.
   */
  restore(m: MachineRef, name: string, c: RunContext): Promise<void>;
  /** Succeeds when there is none of that name. */
  remove(m: MachineRef, name: string, c: RunContext): Promise<void>;
}

export interface ResizeOps {
  /** What the machine has now. */
  hardware(m: MachineRef, c: RunContext): Promise<Hardware>;
  /** Of a stopped machine; deletes nothing. Rejects with DRIVER_DISK_SHRINK, DRIVER_RESIZE_FAILED. The guest grows its file system at its next boot. */
  resize(m: MachineRef, wanted: Hardware, c: RunContext): Promise<void>;
}

export interface VolumeOps {
  /** Puts an ISO image into the running machine's drive, read-only, in place of what is in it. Rejects with DRIVER_VOLUME_FAILED. */
  insert(m: MachineRef, file: string, c: RunContext): Promise<void>;
  /** Empties the drive; the guest has unmounted it before. An empty drive or a stopped machine is fine. */
  eject(m: MachineRef, c: RunContext): Promise<void>;
}

/** What a machine costs who runs it. */
export interface MachineCost {
  /** ISO 4217: «USD». */
  readonly currency: string;
  /** For each hour; absent when the provider does not tell. */
  readonly perHour?: number;
  /** `perHour` is a bid, not the price. */
  readonly atMost?: boolean;
  /** ISO 8601: since when it has been paid for. */
  readonly since?: string;
  /** What is paid for and how, a few words: «c3.small.x86 in fr, billed hourly». */
  readonly note: string;
}

export interface CostOps {
  /** Of a machine that is not made yet. Checks the spec as `create` does before it makes anything, and rejects with the same errors. */
  estimate(spec: MachineSpec, c: RunContext): Promise<MachineCost>;
  /** Of the machine as it is, whether it runs or not; undefined when it is gone. */
  current(m: MachineRef, c: RunContext): Promise<MachineCost | undefined>;
}

export interface ListedMachine {
  readonly name: string;
  readonly state: MachineState;
  /**
   * Another state folder that the machine belongs to and that is not there now. It may be on a disk that is not mounted, so such a machine
   * is shown to people and never removed unless they work with that folder as LOCALKUBE_HOME.
   */
  readonly home?: string;
}

/** Every method is idempotent, obeys `c.signal` and ends by itself: no unbounded loop. */
export interface Driver {
  /**
   * Makes the machine, powered off or on. A machine of that name made from an equal spec is returned as it is; if one is there that is
   * not ours, rejects with DRIVER_NAME_TAKEN. Leaves nothing behind when it rejects.
   */
  create(spec: MachineSpec, c: RunContext): Promise<MachineRef>;
  /** Powers on, or wakes a saved or paused machine; returns when the guest is running, not when sshd answers. Rejects with DRIVER_START_FAILED. */
  start(m: MachineRef, c: RunContext): Promise<void>;
  /** Graceful until `graceMs`, then by force (without `powerButton`: by force at once, its caller has shut the guest down). A stopped, saved or absent machine is left as it is. */
  stop(m: MachineRef, c: RunContext & { readonly graceMs: number }): Promise<void>;
  /** Removes machine, disks, networks and forwards; succeeds when they are gone already; rejects with what remains. */
  remove(m: MachineRef, c: RunContext): Promise<void>;
  /** The truth from the hypervisor, never from our records. */
  state(m: MachineRef, c: RunContext): Promise<MachineState>;
  /** One paragraph about a `broken` or `unknown` machine: what the hypervisor says, its last console lines. */
  diagnose(m: MachineRef, c: RunContext): Promise<string>;
  /** All machines with localkube's mark of this state folder, whether a profile knows them or not; others only as `ListedMachine.home` says. */
  list(c: RunContext): Promise<readonly ListedMachine[]>;
  /** Removes what the driver keeps between machines (imported images); returns a name for each. */
  purge(c: RunContext): Promise<readonly string[]>;
  /** The reference of a machine that exists, with changed options that concern only this computer (`change: "client"`). */
  withOptions?(m: MachineRef, options: Readonly<Record<string, string>>, c: RunContext): Promise<MachineRef>;
  /** Drops what this computer keeps of a machine that cannot be reached; returns sentences about what stays there. Only where `remove` needs the machine's help. */
  forget?(m: MachineRef, c: RunContext): Promise<readonly string[]>;
  /** Removes what a killed `create` may have left for this name though no MachineRef was recorded. */
  removeByName(name: string, c: RunContext): Promise<void>;
  readonly suspend?: SuspendOps;
  readonly snapshots?: SnapshotOps;
  readonly resize?: ResizeOps;
  readonly volumes?: VolumeOps;
  /** Where machines are paid for. */
  readonly cost?: CostOps;
}

export interface DriverDefinition {
  readonly apiVersion: 1;
  readonly name: string;
  readonly summary: string;
  /** Order in which `--driver auto` tries: preferred first; `named` is never chosen by auto. */
  readonly priority: "preferred" | "default" | "fallback" | "named";
  readonly capabilities: DriverCapabilities;
  /** Never rejects for «not usable»: says what is missing and the one thing that fixes it. Ends within 5 s. Read-only. */
  probe(host: HostContext): Promise<Probe>;
  open(host: HostContext): Driver;
}
