import { access, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hostOnlyAdapters } from "../../drivers/virtualbox/network/adapter.ts";
import virtualbox from "../../drivers/virtualbox/index.ts";
import { machineFiles, readMachine, writeMachine } from "../../drivers/virtualbox/machine-file.ts";
import { parseMachineReadable } from "../../drivers/virtualbox/output.ts";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext, RunContext } from "../../src/contract/host.ts";
import { writeIso } from "../../src/host/iso/write-iso.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { testSpec } from "../unit/drivers/recording-host.ts";
import { type VirtualBoxRig, virtualBoxRig } from "../rigs/virtualbox/virtualbox-rig.ts";

const graceMs = 2000;
// A create is some fifteen calls, each a process; abort does it five times.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/**
 * All of the driver but running a machine, against the real VBoxManage of VirtualBox 7.2. Only `hostonlyif` is not the real one's where a
 * machine is made: without its kernel module it makes no adapter, and says so in the first tests.
 */
describe("the real VBoxManage", () => {
  const driver = virtualbox.open(hostContext());
  let rig: VirtualBoxRig;
  let stateDir: string;
  let image: MachineSpec["image"];
  /** `frontFor` picks the calls that the front answers instead. */
  const contextOf = (frontFor: (args: readonly string[]) => boolean, folder = stateDir): RunContext => {
    const base = hostContext();
    const run: HostContext["run"] = ([program, ...args], options) =>
      base.run([program === rig.real && frontFor(args) ? rig.front : program, ...args], options);
    return {
      host: { ...base, run, stateDir: folder, env: { ...base.env, LOCALKUBE_VBOXMANAGE: rig.real } },
      signal: AbortSignal.timeout(120_000),
      report: () => undefined,
      log: () => undefined,
    };
  };
  const bare = () => contextOf(() => false);
  const c = (folder?: string) =>
    contextOf(([verb, sub]) => verb === "hostonlyif" || sub === "hostonlyifs", folder ?? stateDir);
  const spec = (name: string, rest: Partial<MachineSpec> = {}): MachineSpec => ({
    ...testSpec,
    name: `localkube-${name}`,
    image,
    ports: testSpec.ports.map((port) => ({ ...port, hostPort: 0 })),
    diskGiB: 3,
    memoryMiB: 1024,
    ...rest,
  });
  const info = async (m: MachineRef) =>
    parseMachineReadable(await rig.ask("showvminfo", m.id ?? "", "--machinereadable"));
  const registered = async () =>
    (await Promise.all(["vms", "hdds", "dvds"].map((what) => rig.ask("list", what))))
      .join("")
      .includes(stateDir);

  beforeAll(async () => {
    rig = await virtualBoxRig();
    // Spaces, quotes and letters of other alphabets are in people's home folders.
    stateDir = await mkdtemp(join(tmpdir(), `localkube Zoë's "state" -x-`));
    const file = join(stateDir, "image.qcow2");
    const { run } = hostContext();
    await run(["qemu-img", "create", "-q", "-f", "qcow2", file, "2G"]);
    await run(["qemu-io", "-c", "write -P 7 1M 4M", file]);
    image = { kind: "disk", file, key: "key", firstBoot: "cloud-init" };
  }, 900_000);
  afterAll(async () => {
    await rig?.dispose();
    await rm(stateDir, { recursive: true, force: true });
  });

  it("says in the probe which kernel module is missing, within 5 s", async () => {
    const begun = performance.now();
    const probe = await virtualbox.probe(bare().host);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(probe).toMatchObject({
      usable: false,
      version: expect.stringMatching(/^7\.2\./) as unknown,
      problem: expect.stringContaining("vboxdrv") as unknown,
    });
    expect(probe.fix).not.toBe("");
  });

  it("makes no adapter without its module; create says so and leaves nothing", async () => {
    await expect(driver.create(spec("none"), bare())).rejects.toMatchObject({
      id: "VIRTUALBOX_BLOCKED",
      fix: "sudo modprobe vboxnetadp",
      output: expect.stringContaining("/dev/vboxnetctl") as unknown,
    });
    await expect(access(machineFiles(bare().host, "localkube-none").folder)).rejects.toThrow();
    expect(await registered()).toBe(false);
  });

  describe("a machine", () => {
    let m: MachineRef;
    beforeAll(async () => {
      m = await driver.create(spec("one"), c());
    });
    afterAll(async () => {
      if (m) await driver.remove(m, c());
    });

    it("is registered with what it was given", async () => {
      const has = await info(m);
      const wanted = {
        name: "localkube-one",
        memory: "1024",
        cpus: "2",
        VMState: "poweroff",
        platformArchitecture: "x86",
        firmware: "BIOS",
        paravirtprovider: "kvm",
        rtcuseutc: "on",
        nic1: "nat",
        nictype1: "virtio",
        nic2: "hostonly",
        hostonlyadapter2: "vboxnet0",
        localhostReachable: "0",
        audio: "none",
        "SATA-1-0": "emptydrive",
        "SATA-2-0": machineFiles(c().host, m.name).seed,
        uartmode1: `file,${machineFiles(c().host, m.name).console}`,
        boot1: "disk",
      };
      expect(Object.fromEntries(Object.keys(wanted).map((key) => [key, has.get(key)]))).toEqual(wanted);
      const rules = [...has].filter(([key]) => key.startsWith("Forwarding")).map(([, rule]) => rule);
      const guest = (has.get("natnet1") ?? "").replace(/\.0\/24$/, ".15");
      expect(rules.toSorted()).toEqual([
        `api,tcp,127.0.0.1,${m.ports.api},${guest},6443`,
        `ssh,tcp,127.0.0.1,${m.ports.ssh},${guest},22`,
      ]);
    });

    it("is returned again for an equal spec, and refused for another once it ran", async () => {
      expect(await driver.create(spec("one"), c())).toEqual(m);
      const machine = await readMachine(c().host, m.name);
      await writeMachine(c().host, { ...machine!, ran: true });
      await expect(driver.create(spec("one", { cpus: 3 }), c())).rejects.toMatchObject({
        id: "DRIVER_MACHINE_DIFFERS",
      });
    });

    it("keeps its secrets to itself", async () => {
      const { folder, seed, base } = machineFiles(c().host, m.name);
      const modes = await Promise.all(
        [folder, seed, base].map(async (file) => (await stat(file)).mode & 0o777),
      );
      expect(modes).toEqual([0o700, 0o600, 0o600]);
      const settings = await readFile(machineFiles(c().host, m.name).settings, "utf8");
      expect(settings).not.toMatch(/SECRET|AAAALOGIN/);
    });

    it("has a disk that VirtualBox can read whole, as grown, through its snapshots", async () => {
      await driver.snapshots!.create(m, "before", c());
      const size = { cpus: 1, memoryMiB: 1280, diskGiB: 5 };
      await driver.resize!.resize(m, size, c());
      expect(await driver.resize!.hardware(m, c())).toEqual(size);
      const { run } = hostContext();
      const flat = join(rig.folder, "flat.img");
      const leaf = (await info(m)).get("SATA-ImageUUID-0-0") ?? "";
      await rig.ask("clonemedium", "disk", leaf, flat, "--format", "RAW");
      await rig.ask("closemedium", "disk", flat);
      expect((await stat(flat)).size).toBe(5 * 2 ** 30);
      const compare = await run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", flat, image.file]);
      expect(compare.stdout).toContain("identical");
      await expect(driver.resize!.resize(m, { ...size, diskGiB: 4 }, c())).rejects.toMatchObject({
        id: "DRIVER_DISK_SHRINK",
      });
    });

    it("goes back to a snapshot, its processors and memory included, and forgets it", async () => {
      const { snapshots, resize } = driver;
      await expect(snapshots!.create(m, "before", c())).rejects.toMatchObject({
        id: "DRIVER_SNAPSHOT_EXISTS",
      });
      // Made in VirtualBox' window, which knows nothing of our descriptions.
      await rig.ask("snapshot", m.id ?? "", "take", "after");
      const list = await snapshots!.list(m, c());
      expect(list.map(({ name, memory }) => [name, memory])).toEqual([
        ["before", false],
        ["after", false],
      ]);
      expect(list.every(({ createdAt }) => Math.abs(Date.now() - Date.parse(createdAt)) < 600_000)).toBe(
        true,
      );
      await snapshots!.restore(m, "before", c());
      expect(await resize!.hardware(m, c())).toEqual({ cpus: 2, memoryMiB: 1024, diskGiB: 5 });
      await expect(snapshots!.restore(m, "never", c())).rejects.toMatchObject({
        id: "DRIVER_SNAPSHOT_UNKNOWN",
      });
      await expect(snapshots!.remove(m, "before", c())).rejects.toMatchObject({
        id: "VIRTUALBOX_SNAPSHOT_HAS_NEWER",
      });
      await snapshots!.remove(m, "after", c());
      await snapshots!.remove(m, "before", c());
      await snapshots!.remove(m, "before", c());
      expect(await snapshots!.list(m, c())).toEqual([]);
    });

    it("takes a disc into its drive and gives it back", async () => {
      const file = join(stateDir, "disc.iso");
      await writeIso(file, [{ name: "hello", content: "hello" }], { label: "localkube" });
      await driver.volumes!.insert(m, file, c());
      expect((await info(m)).get("SATA-1-0")).toBe(file);
      await driver.volumes!.eject(m, c());
      await driver.volumes!.eject(m, c());
      expect((await info(m)).get("SATA-1-0")).toBe("emptydrive");
      // Else VirtualBox would complain of it when the cache is emptied.
      expect(await rig.ask("list", "dvds")).not.toContain(file);
      await expect(driver.volumes!.insert(m, join(stateDir, "none.iso"), c())).rejects.toMatchObject({
        id: "DRIVER_VOLUME_FAILED",
      });
    });

    it("cannot start without the module: the error has VirtualBox' words, the machine stays as it is", async () => {
      await expect(driver.start(m, c())).rejects.toMatchObject({
        id: expect.stringMatching(/^(?:DRIVER_START_FAILED|VIRTUALBOX_BLOCKED)$/) as unknown,
        output: expect.stringContaining("VBoxManage: error:") as unknown,
      });
      expect(await driver.state(m, c())).toBe("stopped");
      await driver.stop(m, { ...c(), graceMs });
      await driver.suspend!.discard(m, c());
      await expect(driver.suspend!.save(m, c())).rejects.toMatchObject({ id: "DRIVER_SUSPEND_FAILED" });
    });

    it("does not need the cache's image any more", async () => {
      await rm(image.file.replace(/qcow2$/, "vdi"));
      const leaf = (await info(m)).get("SATA-ImageUUID-0-0") ?? "";
      expect(await rig.ask("showmediuminfo", "disk", leaf)).toMatch(/^State: +created$/m);
    });

    it("is removed with all its disks and its adapter, and removing it again is nothing", async () => {
      await driver.snapshots!.create(m, "one", c());
      await driver.snapshots!.create(m, "two", c());
      await driver.volumes!.insert(m, join(stateDir, "disc.iso"), c());
      await driver.remove(m, c());
      await driver.remove(m, c());
      expect(await registered()).toBe(false);
      expect(await hostOnlyAdapters.taken(c())).toEqual([]);
      expect(await driver.state(m, c())).toBe("absent");
      await expect(access(machineFiles(c().host, m.name).folder)).rejects.toThrow();
    });
  });

  it("has a machine of one name for each state folder, and each removes its own", async () => {
    const other = join(stateDir, "other home");
    const [mine, theirs] = [
      await driver.create(spec("both"), c()),
      await driver.create(spec("both"), c(other)),
    ];
    expect(theirs.id).not.toBe(mine.id);
    await driver.remove(mine, c());
    expect(await driver.state(theirs, c(other))).toBe("stopped");
    await driver.remove(theirs, c(other));
    expect(await registered()).toBe(false);
  });

  it("tells a machine whose settings are lost, and removes it", async () => {
    const m = await driver.create(spec("lost"), c());
    // VirtualBox looks at the file again when its service starts.
    await rig.endService();
    await rm(machineFiles(c().host, m.name).settings);
    await rm(`${machineFiles(c().host, m.name).settings}-prev`, { force: true });
    expect(await driver.state(m, c())).toBe("broken");
    expect(await driver.diagnose(m, c())).toContain("inaccessible");
    await driver.remove(m, c());
    expect(await registered()).toBe(false);
    expect(await rig.ask("list", "vms")).not.toContain("inaccessible");
  });

  it("leaves nothing when create is aborted, whenever that happens", async () => {
    for (const ms of [20, 200, 500, 900, 1300]) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(new Error("stop it")), ms);
      const outcome = await driver.create(spec("abort"), { ...c(), signal: abort.signal }).then(
        (m) => m,
        (error: unknown) => error as Error,
      );
      clearTimeout(timer);
      if (outcome instanceof Error) expect(outcome.message).toBe("stop it");
      else await driver.remove(outcome, c());
      expect(await registered(), `after ${ms} ms`).toBe(false);
      expect(await hostOnlyAdapters.taken(c()), `after ${ms} ms`).toEqual([]);
    }
  });

  it("refuses a disk smaller than its image", async () => {
    await expect(driver.create(spec("small", { diskGiB: 1 }), c())).rejects.toMatchObject({
      id: "DRIVER_DISK_SMALL",
      params: { has: 2, wanted: 1 },
    });
    expect(await registered()).toBe(false);
  });
});
