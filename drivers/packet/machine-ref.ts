import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import type { Device } from "./api/shapes.ts";
import { publicAddress, said } from "./device.ts";
import type { KnownProject } from "./home-file.ts";
import type { ApiAccess } from "./settings.ts";
import { PacketError } from "./errors.ts";

const sshPort = 22;

/** The record of a provisioned device. Rejects with PACKET_DEVICE_FAILED when it has no public IPv4 address. */
export async function machineRef(
  device: Device,
  spec: MachineSpec,
  known: KnownProject,
): Promise<MachineRef> {
  const address = publicAddress(device);
  if (!address) {
    const params = {
      name: spec.name,
      id: device.id,
      state: `${said(device)}, without a public IPv4 address`,
    };
    throw new PacketError("PACKET_DEVICE_FAILED", params);
  }
  const tunnel = spec.ports.filter(({ name }) => name === "api");
  return {
    driver: "packet",
    name: spec.name,
    id: device.id,
    address,
    // The firewall allows only SSH, and also the caller where the API is not reached through SSH.
    addressReachable: !spec.apiOverSsh,
    ports: { ...(await choosePorts(spec.name, tunnel, new Set())), ssh: sshPort },
    access: { host: address, port: sshPort, user: "root" },
    api: spec.apiOverSsh ? "ssh" : "direct",
    data: { ...accessData(known), project: known.project },
  };
}

export const accessData = ({ endpoint, tokenFile, caFile }: ApiAccess): Readonly<Record<string, string>> => ({
  endpoint,
  ...(tokenFile ? { tokenFile } : {}),
  ...(caFile ? { caFile } : {}),
});

/** How to reach that machine's API, from its record. */
export function accessOf({ data }: MachineRef): ApiAccess {
  const { endpoint = "", tokenFile, caFile } = data;
  return { endpoint, ...(tokenFile ? { tokenFile } : {}), ...(caFile ? { caFile } : {}) };
}
