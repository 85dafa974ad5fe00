import * as v from "valibot";
import { operatingSystems } from "../contract/cluster-spec.ts";
import { count, field, number, quantity, text, type FieldTable } from "./field.ts";
import { choiceOf } from "./parse/choice.ts";
import { parsePodCidr, parseServiceCidr, podRange, refuseOverlap, serviceRange } from "./parse/networks.ts";
import { cniInFolder, imageInFolder, parseCni, parseImage } from "./parse/paths.ts";
import { parseCpus, parseDiskSize, parseMemory } from "./parse/quantities.ts";

/** The rows of `specFields` about the machine and the networks. */
export const machineFields = {
  /** Two, enough to work with, without starving the host. */
  cpus: field({
    flag: { name: "cpus", group: "MACHINE", value: "N", help: "CPUs of the machine" },
    file: { cpus: number },
    stored: { cpus: count },
    default: ({ cpus }) => Math.min(2, cpus),
    parse: parseCpus,
    change: "resize",
  }),
  /** A quarter of the host's memory, between 2 and 6 GiB. */
  memory: field({
    flag: {
      name: "memory",
      group: "MACHINE",
      value: "SIZE",
      help: "Memory of the machine: 4G, 4096m or MiB",
    },
    file: { memory: quantity, memoryMiB: number },
    stored: { memoryMiB: count },
    default: ({ memoryMiB }) => Math.min(Math.max(Math.floor(memoryMiB / 4), 2048), 6144, memoryMiB),
    parse: parseMemory,
    change: "resize",
  }),
  /** Size of a virtual machine's disk in GiB; containers use the host's disk. */
  diskSize: field({
    flag: {
      name: "disk-size",
      group: "MACHINE",
      value: "SIZE",
      help: "Disk of a virtual machine: 20G; it can grow later",
    },
    file: { diskSize: quantity, diskGiB: number },
    stored: { diskGiB: count },
    default: () => 20,
    parse: parseDiskSize,
    change: "resize",
  }),
  /** What a virtual machine's disk contains, which also decides who reads the seed: cloud-init (debian) or Ignition (flatcar). */
  os: field({
    flag: {
      name: "os",
      group: "MACHINE",
      value: "NAME",
      help: "Operating system of a virtual machine: {choices}",
    },
    ...choiceOf("OS_UNKNOWN", () => operatingSystems),
    file: { os: text },
    stored: { os: v.picklist(operatingSystems) },
    default: () => "debian",
    change: "recreate",
  }),
  /**
   * Disk image of a virtual machine: the user's own, an absolute path or an http(s) address, which may end in `#sha256=<hex>`; `upstream` =
   * the one published by the system's vendor; empty = with Debian the one that is built from its archive, else `upstream`.
   */
  image: field({
    flag: {
      name: "image",
      group: "MACHINE",
      value: "NAME|FILE|URL",
      help: "Disk of a virtual machine: debian (built here), upstream (the distribution's cloud image), or your own qcow2, raw, VDI, VMDK, VHDX",
    },
    file: { image: text },
    stored: { image: text },
    default: () => "",
    parse: parseImage,
    inFolder: imageInFolder,
    change: "recreate",
  }),
  /** `bridge`, `none` or the path of a CNI conflist or a manifest. */
  cni: field({
    flag: {
      name: "cni",
      group: "NETWORK",
      value: "NAME|FILE",
      help: "Pod network: bridge, none, or a CNI conflist file",
    },
    file: { cni: text },
    stored: { cni: text },
    default: () => "bridge",
    parse: parseCni,
    inFolder: cniInFolder,
    change: "recreate",
  }),
  serviceCidr: field({
    flag: {
      name: serviceRange.flag,
      group: "NETWORK",
      value: "CIDR",
      help: `Network of Services (${serviceRange.example})`,
    },
    file: { serviceCidr: text },
    stored: { serviceCidr: text },
    default: () => serviceRange.example,
    parse: parseServiceCidr,
    change: "recreate",
  }),
  podCidr: field({
    flag: {
      name: podRange.flag,
      group: "NETWORK",
      value: "CIDR",
      help: `Network of Pods (${podRange.example})`,
    },
    file: { podCidr: text },
    stored: { podCidr: text },
    default: () => podRange.example,
    parse: parsePodCidr,
    check: ({ serviceCidr, podCidr }) => refuseOverlap(String(serviceCidr), String(podCidr)),
    change: "recreate",
  }),
} as const satisfies FieldTable;
