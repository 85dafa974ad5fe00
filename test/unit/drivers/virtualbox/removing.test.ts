import type * as FileSystem from "node:fs/promises";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { machineFiles } from "../../../../drivers/virtualbox/machine-file.ts";
import { removeMachine } from "../../../../drivers/virtualbox/remove-machine.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { driver, errorOf, madeMachine, verbsOf } from "./made-machine.ts";
import type { Override, Recorded } from "./recorded-virtualbox.ts";

vi.mock(import("node:os"), async (original) => ({ ...(await original()), networkInterfaces: () => ({}) }));

/** How often Windows, which is not here, refuses to remove what is open. */
const busy = vi.hoisted(() => ({ left: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  const busyRm: typeof real.rm = (path, options) =>
    busy.left-- > 0
      ? Promise.reject(
          Object.assign(new Error(`EBUSY: resource busy or locked, unlink '${String(path)}'`), {
            code: "EBUSY",
          }),
        )
      : real.rm(path, options);
  return { ...real, rm: busyRm };
});
afterEach(() => {
  busy.left = 0;
});

const half = '{"schema": 1, "ref": {"na';
const filesOf = ({ host }: Recorded, name: string) => machineFiles(host, name);
const isThere = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

describe("removing", () => {
  const discs =
    (left: () => boolean): Override =>
    ([verb, what], { host }) => {
      const seed = join(host.stateDir, "virtualbox/localkube-demo/seed.iso");
      if (verb === "list" && what === "dvds")
        return { stdout: left() ? `UUID:           gone-soon\nLocation:       ${seed}\n` : "" };
      if (verb === "closemedium") return { exitCode: 1, stderr: errorOf("The path is not fully qualified") };
      return undefined;
    };

  test("does not mind a disc that VirtualBox forgot between listing and closing it", async () => {
    let lists = 0;
    const { m, recorded } = await madeMachine(discs(() => lists++ === 0));
    await driver.remove(m, recorded.c);
    expect(await driver.state(m, recorded.c)).toBe("absent");
  });

  test("tells of one that VirtualBox keeps, and leaves the folder by which it is found again", async () => {
    const { m, recorded } = await madeMachine(discs(() => true));
    await expect(driver.remove(m, recorded.c)).rejects.toMatchObject({ id: "DRIVER_LEFTOVERS" });
    expect(await isThere(filesOf(recorded, m.name).description)).toBe(true);
  });

  // minikube took each of these for "already deleted".
  test.each([
    ["showvminfo", "Failed to create the VirtualBox object!", 1],
    ["unregistervm", "Cannot unregister the machine 'x' while it is locked", 1],
    ["unregistervm", "The machine 'x' is already locked for a session (or being unlocked)", 8],
  ])(
    "is no success when %s says '%s'",
    async (failing, words, tries) => {
      const { m, recorded } = await madeMachine(([verb]) =>
        verb === failing ? { exitCode: 1, stderr: errorOf(words) } : undefined,
      );
      await expect(driver.remove(m, recorded.c)).rejects.toMatchObject({
        id: "DRIVER_LEFTOVERS",
        output: expect.stringContaining(words) as unknown,
      });
      expect(recorded.calls.filter(([verb]) => verb === failing)).toHaveLength(tries);
      expect(await isThere(filesOf(recorded, m.name).base)).toBe(true);
      expect(verbsOf(recorded)).not.toContain("hostonlyif remove vboxnet0");
    },
    15_000,
  );

  test("is no success when VBoxManage hangs", async () => {
    const { m, recorded } = await madeMachine();
    const run: Recorded["host"]["run"] = (argv, options) =>
      argv[1] === "showvminfo"
        ? Promise.reject(
            new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "VBoxManage showvminfo", seconds: 20 }),
          )
        : recorded.host.run(argv, options);
    const c = { ...recorded.c, host: { ...recorded.host, run } };
    await expect(driver.remove(m, c)).rejects.toMatchObject({
      id: "DRIVER_LEFTOVERS",
      output: expect.stringContaining("showvminfo") as unknown,
    });
    expect(await isThere(filesOf(recorded, m.name).base)).toBe(true);
  });

  test("takes the network along when all that is left is Finder's", async () => {
    const { m, recorded } = await madeMachine();
    await writeFile(join(recorded.host.stateDir, "virtualbox/.DS_Store"), "");
    expect(await driver.list(recorded.c)).toEqual([{ name: m.name, state: "stopped" }]);
    await driver.remove(m, recorded.c);
    expect(verbsOf(recorded)).toContain("hostonlyif remove vboxnet0");
  });

  test("waits for files that are in use, and names them when they stay so", async () => {
    const { m, recorded } = await madeMachine();
    const { folder } = filesOf(recorded, m.name);
    busy.left = 1000;
    await expect(removeMachine(m.name, recorded.c, 700)).rejects.toMatchObject({
      id: "DRIVER_LEFTOVERS",
      output: expect.stringMatching(/localkube-demo: EBUSY/) as unknown,
    });
    busy.left = 2;
    await driver.remove(m, recorded.c);
    expect(await isThere(folder)).toBe(false);
  });
});

describe("a machine whose description is damaged", () => {
  const damaged = async () => {
    const machine = await madeMachine();
    const files = filesOf(machine.recorded, machine.m.name);
    await writeFile(files.description, half);
    return { ...machine, files };
  };

  test("is listed as broken, left alone, and removed even while it runs", async () => {
    const { m, recorded, files } = await damaged();
    expect(await driver.list(recorded.c)).toEqual([{ name: m.name, state: "broken" }]);
    await expect(driver.start(m, recorded.c)).rejects.toMatchObject({ id: "STATE_UNREADABLE" });
    await expect(driver.create(recorded.spec, recorded.c)).rejects.toMatchObject({ id: "STATE_UNREADABLE" });
    expect(await isThere(files.base)).toBe(true);
    recorded.state = "running";
    await driver.removeByName(m.name, recorded.c);
    expect(verbsOf(recorded)).toEqual(
      expect.arrayContaining([
        `controlvm ${m.id} poweroff`,
        `unregistervm ${m.id}`,
        "hostonlyif remove vboxnet0",
      ]),
    );
    expect(await driver.list(recorded.c)).toEqual([]);
  });

  test("does not keep another from being removed, but the network that both may be on", async () => {
    const { m, recorded, files } = await damaged();
    const ports = recorded.spec.ports.map((port) => ({ ...port, hostPort: port.hostPort + 1 }));
    const other = await driver.create({ ...recorded.spec, name: "localkube-two", ports }, recorded.c);
    await writeFile(files.plan, half);
    // What it has taken nobody knows, so none is made beside it.
    const third = { ...recorded.spec, name: "localkube-three", ports };
    await expect(driver.create(third, recorded.c)).rejects.toMatchObject({ id: "STATE_UNREADABLE" });
    await driver.remove(other, recorded.c);
    expect(await driver.list(recorded.c)).toEqual([{ name: m.name, state: "broken" }]);
    expect(verbsOf(recorded)).not.toContain("hostonlyif remove vboxnet0");
  });

  test("has a plan that knows the adapter it was moved to", async () => {
    const adapter = "Name:            vboxnet7\nIPAddress:       ADDRESS\nNetworkMask:     255.255.255.0\n";
    const { m, recorded } = await madeMachine(([verb, sub]) =>
      verb === "list" && sub === "hostonlyifs" ? { stdout: adapter.replace("ADDRESS", address) } : undefined,
    );
    const files = filesOf(recorded, m.name);
    const address = m.address.replace(/\d+$/, "1");
    await driver.start(m, recorded.c);
    const [plan, machine] = await Promise.all(
      [files.plan, files.description].map(
        async (file) => JSON.parse(await readFile(file, "utf8")) as { readonly hostOnly: unknown },
      ),
    );
    expect(plan?.hostOnly).toMatchObject({ name: "vboxnet7" });
    expect(machine?.hostOnly).toEqual(plan?.hostOnly);
  });

  test("that is gone altogether is the rest of a killed create, which the next one clears away", async () => {
    const { m, recorded, files } = await damaged();
    await rm(files.description);
    const again = await driver.create(recorded.spec, recorded.c);
    expect(again.id).not.toBe(m.id);
    expect(verbsOf(recorded)).toContain(`unregistervm ${m.id}`);
  });
});
