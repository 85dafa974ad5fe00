import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { networksOverlap, parseNetwork } from "../../../../src/host/network.ts";
import { folder, Refusal } from "./world.ts";

interface Adapter {
  readonly name: string;
  readonly ip: string;
}

const file = join(folder, "adapters.json");
const allowed = parseNetwork("192.168.56.0/21")!;

export const adapters = (): readonly Adapter[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Adapter[]) : [];
const write = (list: readonly Adapter[]): void => writeFileSync(file, JSON.stringify(list));

/** `hostonlyif create`, `ipconfig` and `remove`, in the words of VBoxManageHostonly.cpp. */
export function hostonlyif([verb = "", name = "", ...options]: readonly string[]): string {
  if (verb === "create") {
    const used = new Set(adapters().map((adapter) => adapter.name));
    let n = 0;
    while (used.has(`vboxnet${n}`)) n++;
    // VirtualBox gives a new one an address of its own accord.
    write([...adapters(), { name: `vboxnet${n}`, ip: `192.168.${56 + n}.1` }]);
    return `0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\nInterface 'vboxnet${n}' was successfully created\n`;
  }
  if (!adapters().some((adapter) => adapter.name === name))
    throw new Refusal(`The host network interface named '${name}' could not be found`);
  if (verb === "remove") {
    write(adapters().filter((adapter) => adapter.name !== name));
    return "0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n";
  }
  const ip = options[options.indexOf("--ip") + 1] ?? "";
  const network = parseNetwork(`${ip}/32`);
  if (!network || !networksOverlap(network, allowed))
    throw new Refusal(
      `Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)\nVBoxManage: error: Context: "EnableStaticIPConfig(Bstr(pIp).raw(), Bstr(pNetmask).raw())" at line 242 of file VBoxManageHostonly.cpp`,
    );
  write(adapters().map((adapter) => (adapter.name === name ? { name, ip } : adapter)));
  return "";
}

export const listHostonlyifs = (): string =>
  adapters()
    .map(({ name, ip }) =>
      [
        `Name:            ${name}`,
        `GUID:            786f6276-656e-4074-8000-0a002700000${name.at(-1)}`,
        "DHCP:            Disabled",
        `IPAddress:       ${ip}`,
        "NetworkMask:     255.255.255.0",
        "IPV6Address:     ",
        "IPV6NetworkMaskPrefixLength: 0",
        `HardwareAddress: 0a:00:27:00:00:0${name.at(-1)}`,
        "MediumType:      Ethernet",
        "Wireless:        No",
        "Status:          Down",
        `VBoxNetworkName: HostInterfaceNetworking-${name}`,
        "",
        "",
      ].join("\n"),
    )
    .join("");
