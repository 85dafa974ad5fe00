import { describe, expect, test, vi } from "vitest";
import { chooseNetworks } from "../../../../drivers/virtualbox/network/choose.ts";
import { parseVersion } from "../../../../drivers/virtualbox/installation.ts";
import { driver, errorOf, madeMachine, recordHost, verbsOf } from "./made-machine.ts";
import type { Override, Recorded } from "./recorded-virtualbox.ts";

vi.mock(import("node:os"), async (original) => ({ ...(await original()), networkInterfaces: () => ({}) }));
// An adapter is waited for by the second.
vi.mock("node:timers/promises", () => ({ setTimeout: () => Promise.resolve() }));

const adapter = (name: string, ip: string) =>
  `Name:            ${name}\nIPAddress:       ${ip}\nNetworkMask:     255.255.255.0\n\n`;
const hostOf = (address: string): string => address.replace(/\d+$/, "1");
const changes = (recorded: Recorded, from = 0): readonly string[] =>
  verbsOf(recorded)
    .slice(from)
    .filter((verb) => /^(?:hostonly|modifyvm)/.test(verb));

describe("a new host-only network", () => {
  const at = async (routes: readonly object[]): Promise<string> => {
    const { host, c } = await recordHost();
    const run: typeof host.run = (argv, options) =>
      argv[0] === "ip"
        ? Promise.resolve({ exitCode: 0, stdout: JSON.stringify(routes), stderr: "" })
        : host.run(argv, options);
    const version = parseVersion("6.1.20r1")!;
    const asked = { name: "localkube-a", network: { cluster: "a", index: 0, avoid: [] } };
    return (await chooseNetworks(asked, [], version, { ...c, host: { ...host, run } })).hostOnly.cidr;
  };

  test("keeps out of what the host reaches otherwise, a VPN's networks say", async () => {
    const first = await at([]);
    const vpn = [56, 60].find((low) => Number(first.split(".")[2]) - low < 4)!;
    const chosen = await at([{ dst: `192.168.${vpn}.0/22`, dev: "tun0", scope: "link" }]);
    const third = Number(/^192\.168\.(\d+)\.0\/24$/.exec(chosen)?.[1]);
    expect(third - (third % 4)).toBe(vpn === 56 ? 60 : 56);
    await expect(at([{ dst: "192.168.56.0/21", dev: "tun0" }])).rejects.toMatchObject({
      id: "VIRTUALBOX_NO_FREE_NETWORK",
    });
  });
});

describe("two adapters with our address", () => {
  const among = async (...names: readonly string[]) => {
    let address = "";
    const machine = await madeMachine(([verb, sub]) =>
      verb === "list" && sub === "hostonlyifs"
        ? { stdout: names.map((name) => adapter(name, address)).join("") }
        : undefined,
    );
    address = hostOf(machine.m.address);
    return { ...machine, from: machine.recorded.calls.length };
  };

  test("are told apart by name, and the foreign one is left alone", async () => {
    const { m, recorded, from } = await among("vboxnet4", "vboxnet0");
    await driver.start(m, recorded.c);
    expect(changes(recorded, from)).toEqual([]);
    await driver.remove(m, recorded.c);
    expect(changes(recorded, from)).toEqual(["hostonlyif remove vboxnet0"]);
  });

  test("neither with our name are both left alone, and named", async () => {
    const { m, recorded, from } = await among("vboxnet4", "vboxnet5");
    await expect(driver.start(m, recorded.c)).rejects.toMatchObject({
      id: "VIRTUALBOX_BLOCKED",
      message: expect.stringContaining("vboxnet4 and vboxnet5") as unknown,
    });
    expect(verbsOf(recorded)).not.toContain(`startvm ${m.id} --type`);
    await driver.remove(m, recorded.c);
    expect(changes(recorded, from)).toEqual([]);
  });
});

describe("an adapter that VirtualBox made and does not show", () => {
  /** The first `hidden` that are made never come into the list. */
  const hiding = (hidden: number, list = new Map<string, string>()): Override => {
    let made = 0;
    return ([verb, sub, name = "", , ip = ""]) => {
      if (verb === "list" && sub === "hostonlyifs")
        return { stdout: [...list].map(([one, address]) => adapter(one, address)).join("") };
      if (verb !== "hostonlyif") return undefined;
      if (sub === "ipconfig") list.set(name, ip);
      if (sub !== "create") return {};
      const fresh = `vboxnet${made}`;
      if (made++ >= hidden) list.set(fresh, "0.0.0.0");
      return { stdout: `Interface '${fresh}' was successfully created\n` };
    };
  };

  test("is removed, and another one made", async () => {
    const { spec, c, ...recorded } = await recordHost({ override: hiding(1) });
    await driver.create(spec, c);
    expect(changes({ spec, c, ...recorded }).slice(0, 5)).toEqual([
      "hostonlyif create",
      "hostonlyif remove vboxnet0",
      "hostonlyif create",
      "hostonlyif ipconfig vboxnet1",
      expect.stringMatching(/^modifyvm/),
    ]);
  });

  test("is told when the second one does not show either; both are removed", async () => {
    const recorded = await recordHost({ override: hiding(2) });
    await expect(driver.create(recorded.spec, recorded.c)).rejects.toMatchObject({
      id: "VIRTUALBOX_ADAPTER_INVISIBLE",
      message: expect.stringContaining("vboxnet1") as unknown,
    });
    expect(changes(recorded)).toEqual([
      "hostonlyif create",
      "hostonlyif remove vboxnet0",
      "hostonlyif create",
      "hostonlyif remove vboxnet1",
    ]);
  });

  test("is not removed when its name was another's before", async () => {
    const recorded = await recordHost({ override: hiding(2, new Map([["vboxnet0", "192.168.63.1"]])) });
    await expect(driver.create(recorded.spec, recorded.c)).rejects.toMatchObject({
      id: "VIRTUALBOX_ADAPTER_INVISIBLE",
    });
    expect(changes(recorded)).not.toContain("hostonlyif remove vboxnet0");
  });
});

describe("macOS' host-only network, before a start", () => {
  const mac = { version: "7.2.6r172322", platform: "darwin", arch: "arm64" } as const;
  const started = async (net: (name: string, address: string) => string, failing?: string) => {
    let list = "";
    const { m, recorded } = await madeMachine(([verb, sub]) => {
      if (verb === "list" && sub === "hostonlynets") return { stdout: list };
      return verb === "hostonlynet" && sub === failing ? { exitCode: 1, stderr: errorOf("no") } : undefined;
    }, mac);
    const made = recorded.calls.find(([verb]) => verb === "hostonlynet")!;
    list = net(made[made.indexOf("--name") + 1]!, hostOf(m.address));
    const from = recorded.calls.length;
    const outcome = await driver.start(m, recorded.c).then(
      () => "started",
      (error: { readonly output?: string }) => error.output,
    );
    const sent = recorded.calls.slice(from).filter(([verb]) => verb !== "list" && verb !== "showvminfo");
    return { outcome, made, sent: sent.map((args) => args.join(" ")), address: hostOf(m.address) };
  };
  const block = (name: string, lower: string) =>
    `Name:            ${name}\nState:           Enabled\nLowerIP:         ${lower}\n`;

  test("is left alone when nothing happened to it", async () => {
    const { sent } = await started((name, address) => block(name, address));
    expect(sent).toEqual([expect.stringMatching(/^startvm/)]);
  });

  test("is made again as it was when it is gone; another of somebody's is not it", async () => {
    const { sent, made } = await started((_, address) => block("theirs", address));
    expect(sent).toEqual([made.join(" "), expect.stringMatching(/^startvm/)]);
  });

  test("gets its addresses back when somebody gave it others", async () => {
    const { sent, address, made } = await started((name) => block(name, "192.168.77.1"));
    const name = made[made.indexOf("--name") + 1]!;
    expect(sent).toEqual([
      `hostonlynet modify --name ${name} --netmask 255.255.255.0 --lower-ip ${address} --upper-ip ${address.replace(/1$/, "9")} --enable`,
      expect.stringMatching(/^startvm/),
    ]);
  });

  test("of which VirtualBox refuses the addresses keeps the machine from starting", async () => {
    const { sent, outcome } = await started((name) => block(name, "192.168.77.1"), "modify");
    expect(outcome).toContain("no");
    expect(sent).toHaveLength(1);
  });
});
