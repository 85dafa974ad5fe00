import { afterEach, expect, test, vi } from "vitest";
import virtualbox from "../../../../drivers/virtualbox/index.ts";
import { type Recorded, recordedVirtualBox } from "./recorded-virtualbox.ts";

// Else the networks of the host the tests run on would count.
vi.mock(import("node:os"), async (original) => ({ ...(await original()), networkInterfaces: () => ({}) }));

let recorded: Recorded | undefined;
afterEach(() => recorded?.dispose());

/** One of each range: 6.1 has other words for sound, 7.1 needs the platform, macOS has networks in place of adapters from 7.0. */
const installations = [
  { version: "6.1.50r161033", platform: "linux", arch: "amd64" },
  { version: "7.0.26_Ubuntur168464", platform: "linux", arch: "amd64" },
  { version: "7.1.12r169651", platform: "linux", arch: "amd64" },
  { version: "7.2.22_Debianr175245", platform: "linux", arch: "amd64" },
  { version: "7.0.26r168464", platform: "darwin", arch: "amd64" },
  { version: "7.2.6r172322", platform: "darwin", arch: "arm64" },
  { version: "7.2.22r175245", platform: "win32", arch: "amd64" },
] as const;

/** What we send is changed on purpose or not at all. */
test.each(installations)(
  "a machine's life with VirtualBox $version on $platform $arch",
  async (installation) => {
    recorded = await recordedVirtualBox(installation);
    const { c, host, spec } = recorded;
    const driver = virtualbox.open(host);
    const m = await driver.create(spec, c);
    await driver.start(m, c);
    await driver.suspend!.save(m, c);
    await driver.start(m, c);
    await driver.snapshots!.create(m, "before", c);
    await driver.volumes!.insert(m, "/some/volume.iso", c);
    await driver.volumes!.eject(m, c);
    await driver.stop(m, { ...c, graceMs: 60_000 });
    await driver.resize!.resize(m, { cpus: 4, memoryMiB: 8192, diskGiB: 40 }, c);
    await driver.snapshots!.restore(m, "before", c);
    await driver.snapshots!.remove(m, "before", c);
    await driver.remove(m, c);
    const text = recorded.transcript();
    expect(text).toMatchSnapshot();
    expect(text).not.toMatch(/SECRET|AAAALOGIN/);
    // Each has its end, and speaks English.
    expect(recorded.options).toHaveLength(recorded.calls.length);
    const careless = recorded.calls.filter((_, i) => {
      const { timeoutMs = 0, env } = recorded!.options[i]!;
      return !(timeoutMs > 0) || env?.["LANG"] !== "C.UTF-8" || env["LC_ALL"] !== "C.UTF-8";
    });
    expect(careless).toEqual([]);
  },
);

test("UEFI in place of BIOS, when the variable says so", async () => {
  recorded = await recordedVirtualBox({ env: { LOCALKUBE_VIRTUALBOX_FIRMWARE: "efi" } });
  await virtualbox.open(recorded.host).create(recorded.spec, recorded.c);
  expect(recorded.transcript()).toContain("--firmware efi64");
});
