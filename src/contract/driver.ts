import type { HostContext, RunContext } from "./host.ts";
import type { Transport } from "./transport.ts";

/** States of a machine; `unknown` and `broken` stop every command with a diagnosis, nothing is recreated. */
export type MachineState =
  "absent" | "stopped" | "starting" | "running" | "paused" | "saved" | "stopping" | "broken" | "unknown";

export interface DriverCapabilities {
  /**
   * Where a machine's CPUs and memory come from. `shared`: it sees all of this computer and is limited to the spec. `allotted`: it gets exactly
   * what the spec says, taken from this computer. `own`: it is a separate computer and the node gets all of it; the spec's size is
   * ignored.
   */
  readonly resources: "shared" | "allotted" | "own";
  /** Whether `create` creates a machine here, rents one from a provider, or uses an existing one. */
  readonly origin: "created" | "rented" | "existing";
  /** Milliseconds within which sshd of a machine that was just powered on must answer: an emulated boot or a server's firmware takes minutes. */
  readonly bootMs: number;
  /** Milliseconds that the API server may take for one response on a busy machine. */
  readonly answerMs: number;
  /**
   * Which firewall of ours the machine gets before any Kubernetes component listens there. `none`: its address is reachable only from this
   * computer. `closed`: the address is open to everyone, so only SSH is let in. `shared`: the host has services of its own, which stay open;
   * only the cluster's ports are closed to other machines.
   */
  readonly firewall: "none" | "closed" | "shared";
  /** `start` may restore memory from an earlier time, and with it an earlier clock, which is then corrected. */
  readonly hasOwnClock: boolean;
  /** A provider's image does its first boot on its own, while sshd already answers; we wait for it to finish. */
  readonly firstBootByProvider: boolean;
  /** `stop` shuts the guest down by itself, as by a power button; without it the caller shuts the guest down first. */
  readonly powerButton: boolean;
  /** The driver forwards a port of 127.0.0.1 to the API; without it there is a tunnel of ours, or the machine's own address. */
  readonly forwardsApi: boolean;
  /** What `MachineSpec.image` must be: a root file system as tar, a bootable disk, or nothing (the machine exists already). */
  readonly image: "rootfs" | "disk" | "none";
  /** Each is true exactly when the driver has the corresponding operations (`Driver.suspend`, `.snapshots`, `.resize`, `.volumes`). */
  readonly suspend: boolean;
  readonly snapshot: boolean;
  readonly resize: boolean;
  readonly volumes: boolean;
}

/** Answer to "can this driver be used here?". */
export interface Probe {
  readonly usable: boolean;
  readonly version?: string;
  /** Added to "it can be used": what else the user has to provide. */
  readonly note?: string;
  /** What is missing, one sentence; set when not usable. */
  readonly problem?: string;
  /** The one command or action that fixes it. */
  readonly fix?: string;
  /** Debian packages whose installation fixes it; `start --yes` installs them. */
  readonly packages?: readonly string[];
  /** Set when the machine would be emulated: why, one sentence. `auto` then tries this driver last. */
  readonly emulated?: string;
}

/** A TCP port of the guest that the host must reach on 127.0.0.1; the chosen host port is kept for the machine's life. */
export interface PortRequest {
  readonly name: "ssh" | "api";
  readonly guestPort: number;
  /** Requested port on the host; 0 = the driver picks a free one. */
  readonly hostPort: number;
}

export interface MachineImage {
  readonly kind: DriverCapabilities["image"];
  /**
   * Tar (rootfs) or qcow2 (disk) on the host, empty for `none`; never changed once it has its name.
   * It may be removed with the cache: a machine keeps its own copy.
   */
  readonly file: string;
  /** Content key: equal keys are equal images. */
  readonly key: string;
  /** Which program reads the seed at the first boot of a disk. */
  readonly firstBoot?: "cloud-init" | "ignition";
  /** Kernel and initramfs of a disk, for hypervisors that can load them without its boot loader (8 s of a 37 s boot in emulation). */
  readonly kernel?: { readonly file: string; readonly initramfs: string; readonly commandLine: string };
}

/** A machine's share of its host; `diskGiB` is the size of its disk as the guest sees it. */
export interface Hardware {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
}

/** Where a machine stands among those of its cluster, for drivers that make its network: all machines of one cluster must reach each other. */
export interface MachineNetwork {
  /** Name of the cluster (its profile). Its machines share a network, which is removed with the last of them. */
  readonly cluster: string;
  /** Number of the node in its cluster, from 0; no two machines of a cluster have the same. Addresses may be derived from it. */
  readonly index: number;
  /** Networks (CIDR) that the driver's own must not overlap: pod and service CIDRs. */
  readonly avoid: readonly string[];
}

export interface MachineSpec extends Hardware {
  /** Unique on the host: `localkube-<profile>`. Also the label by which `list` finds orphans. */
  readonly name: string;
  readonly hostname: string;
  readonly image: MachineImage;
  readonly ports: readonly PortRequest[];
  /** OpenSSH public key allowed to log in as root. */
  readonly authorizedKey: string;
  /** Identity file matching `authorizedKey`; only its path is stored in the endpoint. */
  readonly identityFile: string;
  /** Host key pair to inject; the private part is in OpenSSH PEM format and must never reach argv or a log. */
  readonly hostKey: { readonly privatePem: string; readonly publicKey: string };
  readonly network: MachineNetwork;
  /** Name of the container runtime that the machine will get. */
  readonly runtime: string;
  /** Values of the driver's own options (`drivers/<name>/options.ts`), only those that were given. */
  readonly options: Readonly<Record<string, string>>;
  /** Where the driver does not forward the API: through the SSH connection (true), or at the machine's own address. */
  readonly apiOverSsh: boolean;
  /**
   * For an existing host: looks at it before anything is changed there, unless it carries this cluster already; `create` rejects as it does. Returns those
   * of `network.avoid` that the host may have routes to.
   */
  readonly inspect?: (transport: Pick<Transport, "exec" | "connectSocket">) => Promise<readonly string[]>;
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

/**
 * How sshd of a machine is reached when no driver forwards it to loopback.
 * Absent fields are as for any machine: our key, the host key we injected.
 */
export interface MachineAccess {
  readonly host: string;
  readonly port: number;
  /** Any user other than `root` works through sudo. */
  readonly user: string;
  /** The user's own private key. */
  readonly identityFile?: string;
  /** Also use the keys of the user's SSH agent. */
  readonly agent?: boolean;
  /** `ssh-ed25519 AAAA…`, the only one accepted. */
  readonly hostKey?: string;
  readonly jump?: JumpHost;
  /** File with the password for sudo; else the variable LOCALKUBE_SUDO_PASSWORD, else no password is needed. */
  readonly sudoPasswordFile?: string;
}

/** A driver's own record of a machine: plain JSON, stored in the profile, opaque to everyone else except for these fields. */
export interface MachineRef {
  readonly driver: string;
  readonly name: string;
  /** The hypervisor's id, when it has one. */
  readonly id?: string;
  /** Address of the guest that stays the same across stop and start. */
  readonly address: string;
  /** Reachable from the host at `address` without a forward (NodePorts). */
  readonly addressReachable: boolean;
  /** Host ports by request name. For a machine with `access`: port of its sshd; port of 127.0.0.1 for the tunnel to the API (`direct`: unused). */
  readonly ports: Readonly<Record<PortRequest["name"], number>>;
  /** Absent: the driver forwards sshd to 127.0.0.1, where root logs in with the key we generated. */
  readonly access?: MachineAccess;
  /**
   * How the API is reached. `forwarded` (the default): the driver forwards 127.0.0.1:`ports.api` to it. `ssh`: we keep an SSH tunnel at that
   * port. `direct`: at `address`:6443.
   */
  readonly api?: "forwarded" | "ssh" | "direct";
  readonly data: Readonly<Record<string, string>>;
}

export interface SuspendOps {
  /**
   * Writes the running (or paused) machine's memory and devices to disk and powers it off; its state is then `saved`, and `start` continues
   * where it was. A saved machine is left alone. Rejects with DRIVER_SUSPEND_FAILED; the machine then keeps running.
   */
  save(m: MachineRef, c: RunContext): Promise<void>;
  /** Discards the saved memory: the machine is `stopped` as after a power cut. A machine that is not saved is left alone. */
  discard(m: MachineRef, c: RunContext): Promise<void>;
}

export interface MachineSnapshot {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Includes memory: restoring it gives a running machine; without memory a stopped one. */
  readonly memory: boolean;
  /** Space it takes beyond the disk, bytes, as far as the hypervisor reports it. */
  readonly bytes: number;
}

export interface SnapshotOps {
  /**
   * Disk and memory of a running machine (which keeps running), only the disk of a stopped one.
   * Rejects with DRIVER_SNAPSHOT_EXISTS, DRIVER_SNAPSHOT_FAILED.
   */
  create(m: MachineRef, name: string, c: RunContext): Promise<void>;
  list(m: MachineRef, c: RunContext): Promise<readonly MachineSnapshot[]>;
  /**
   * Restores the machine, whatever state it is in; later writes are lost. Rejects with DRIVER_SNAPSHOT_UNKNOWN,
   * DRIVER_SNAPSHOT_DIFFERS (memory of other hardware) or DRIVER_SNAPSHOT_FAILED; nothing is changed then.
   */
  restore(m: MachineRef, name: string, c: RunContext): Promise<void>;
  /** Succeeds when there is no snapshot of that name. */
  remove(m: MachineRef, name: string, c: RunContext): Promise<void>;
}

export interface ResizeOps {
  /** The machine's current size. */
  hardware(m: MachineRef, c: RunContext): Promise<Hardware>;
  /**
   * For a stopped machine; deletes nothing. Rejects with DRIVER_DISK_SHRINK, DRIVER_RESIZE_FAILED.
   * The guest grows its file system at its next boot.
   */
  resize(m: MachineRef, wanted: Hardware, c: RunContext): Promise<void>;
}

export interface VolumeOps {
  /** Inserts an ISO image into the running machine's drive, read-only, replacing what is in it. Rejects with DRIVER_VOLUME_FAILED. */
  insert(m: MachineRef, file: string, c: RunContext): Promise<void>;
  /** Empties the drive; the guest has unmounted it before. An empty drive or a stopped machine is fine. */
  eject(m: MachineRef, c: RunContext): Promise<void>;
}

/** The price of a machine for the user who runs it. */
export interface MachineCost {
  /** ISO 4217: "USD". */
  readonly currency: string;
  /** Per hour; absent when the provider does not report it. */
  readonly perHour?: number;
  /** `perHour` is a bid, not the price. */
  readonly atMost?: boolean;
  /** ISO 8601: since when it has been paid for. */
  readonly since?: string;
  /** What is paid for and how, a few words: "c3.small.x86 in fr, billed hourly". */
  readonly note: string;
}

export interface CostOps {
  /** For a machine that is not created yet. Checks the spec as `create` does before it creates anything, and rejects with the same errors. */
  estimate(spec: MachineSpec, c: RunContext): Promise<MachineCost>;
  /** For the existing machine, whether it runs or not; undefined when it is gone. */
  current(m: MachineRef, c: RunContext): Promise<MachineCost | undefined>;
}

export interface ListedMachine {
  readonly name: string;
  readonly state: MachineState;
  /**
   * Another state folder that the machine belongs to and that does not exist now. It may be on a disk that is not mounted, so such a
   * machine is shown to users and never removed unless they work with that folder as LOCALKUBE_HOME.
   */
  readonly home?: string;
}

/** Every method is idempotent, obeys `c.signal` and ends by itself: no unbounded loop. */
export interface Driver {
  /**
   * Creates the machine, powered off or on. A machine of that name created from an equal spec is returned as it is; if one exists that is
   * not ours, rejects with DRIVER_NAME_TAKEN. Leaves nothing behind when it rejects.
   */
  create(spec: MachineSpec, c: RunContext): Promise<MachineRef>;
  /**
   * Powers on, or resumes a saved or paused machine; returns when the guest is running, not when sshd answers.
   * Rejects with DRIVER_START_FAILED.
   */
  start(m: MachineRef, c: RunContext): Promise<void>;
  /**
   * Graceful until `graceMs`, then by force (without `powerButton`: by force at once, because its caller has shut the guest down).
   * A stopped, saved or absent machine is left as it is.
   */
  stop(m: MachineRef, c: RunContext & { readonly graceMs: number }): Promise<void>;
  /** Removes machine, disks, networks and forwards; succeeds when they are already gone; rejects with what remains. */
  remove(m: MachineRef, c: RunContext): Promise<void>;
  /** The actual state from the hypervisor, never from our records. */
  state(m: MachineRef, c: RunContext): Promise<MachineState>;
  /** One paragraph about a `broken` or `unknown` machine: what the hypervisor reports, its last console lines. */
  diagnose(m: MachineRef, c: RunContext): Promise<string>;
  /**
   * All machines with localkube's mark of this state folder, whether they belong to a profile or not;
   * machines of other state folders only as described at `ListedMachine.home`.
   */
  list(c: RunContext): Promise<readonly ListedMachine[]>;
  /** Removes what the driver keeps between machines (imported images); returns a name for each. */
  purge(c: RunContext): Promise<readonly string[]>;
  /** The reference of an existing machine, with changed options that concern only this computer (`change: "client"`). */
  withOptions?(m: MachineRef, options: Readonly<Record<string, string>>, c: RunContext): Promise<MachineRef>;
  /**
   * Removes what this computer keeps of a machine that cannot be reached; returns sentences about what stays there.
   * Only where `remove` needs the machine's help.
   */
  forget?(m: MachineRef, c: RunContext): Promise<readonly string[]>;
  /** Removes what a killed `create` may have left for this name although no MachineRef was recorded. */
  removeByName(name: string, c: RunContext): Promise<void>;
  readonly suspend?: SuspendOps;
  readonly snapshots?: SnapshotOps;
  readonly resize?: ResizeOps;
  readonly volumes?: VolumeOps;
  /** For drivers whose machines are paid for. */
  readonly cost?: CostOps;
}

export interface DriverDefinition {
  readonly apiVersion: 1;
  readonly name: string;
  readonly summary: string;
  /** Order in which `--driver auto` tries: preferred first; `named` is never chosen by auto. */
  readonly priority: "preferred" | "default" | "fallback" | "named";
  readonly capabilities: DriverCapabilities;
  /** Never rejects for "not usable": reports what is missing and the one thing that fixes it. Ends within 5 s. Read-only. */
  probe(host: HostContext): Promise<Probe>;
  open(host: HostContext): Driver;
}
