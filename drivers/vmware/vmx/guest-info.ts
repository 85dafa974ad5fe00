import type { MachineImage } from "../../../src/contract/driver.ts";
import { ignitionConfig } from "../../vm/seed/ignition.ts";
import { noCloudFiles } from "../../vm/seed/nocloud.ts";
import type { SeedInput } from "../../vm/seed/seed-input.ts";

/**
 * The seed as settings of the .vmx, which the guest reads through VMware's backdoor: for cloud-init's DataSourceVMware, or for Ignition.
 * Contains the private host key.
 */
export function guestInfo(
  input: SeedInput,
  firstBoot: NonNullable<MachineImage["firstBoot"]>,
): Readonly<Record<string, string>> {
  if (firstBoot === "ignition") return encoded("guestinfo.ignition.config.data", ignitionConfig(input));
  const files = new Map(noCloudFiles(input).map(({ name, content }) => [name, content]));
  const metadata = JSON.parse(files.get("meta-data") ?? "{}") as object;
  const network = base64(files.get("network-config") ?? "");
  return {
    ...encoded("guestinfo.metadata", JSON.stringify({ ...metadata, network, "network.encoding": "base64" })),
    ...encoded("guestinfo.userdata", files.get("user-data") ?? ""),
  };
}

const encoded = (name: string, text: string): Readonly<Record<string, string>> => ({
  [name]: base64(text),
  [`${name}.encoding`]: "base64",
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
