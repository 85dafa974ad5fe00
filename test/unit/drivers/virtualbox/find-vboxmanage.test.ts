import type * as FileSystem from "node:fs/promises";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { findVBoxManage } from "../../../../drivers/virtualbox/installation.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import { type Answer, recordingHost } from "../recording-host.ts";

/** Files of another system, which cannot be made on this one. */
const present = vi.hoisted(() => new Set<string>());
vi.mock("node:fs/promises", async (original) => ({
  ...(await original<typeof FileSystem>()),
  access: (file: string) => (present.has(file) ? Promise.resolve() : Promise.reject(new Error("ENOENT"))),
}));
beforeEach(() => present.clear());

const mac = "/Applications/VirtualBox.app/Contents/MacOS/VBoxManage";
const usual = "C:\\Program Files\\Oracle\\VirtualBox\\VBoxManage.exe";
const moved = "D:\\My programs\\VirtualBox\\VBoxManage.exe";
const wsl = "/mnt/c/Program Files/Oracle/VirtualBox/VBoxManage.exe";
const registry = "    InstallDir    REG_SZ    D:\\My programs\\VirtualBox\\\r\n";

async function find(
  platform: NodeJS.Platform,
  files: readonly string[],
  env: HostContext["env"] = {},
  answer: Answer = { exitCode: 1 },
): Promise<{ readonly file: string | undefined; readonly asked: readonly string[] }> {
  for (const file of files) present.add(file);
  const { host, commands } = recordingHost([["reg.exe", answer]], { PATH: "/on/path:/mnt/d/vb", ...env });
  return { file: await findVBoxManage({ ...host, platform }), asked: commands.flat().slice(0, 3) };
}

describe("VBoxManage", () => {
  test("is what the variable names, unseen", async () => {
    const { file } = await find("linux", ["/on/path/VBoxManage"], { LOCALKUBE_VBOXMANAGE: "/mine" });
    expect(file).toBe("/mine");
  });

  test.each([
    ["darwin", ["/on/path/VBoxManage", mac], "/on/path/VBoxManage"],
    ["darwin", [mac], mac],
    ["linux", [mac, wsl, usual], undefined],
    ["linux", ["/mnt/d/vb/VBoxManage.exe"], undefined],
    ["win32", ["/on/path/VBoxManage.exe", usual], "/on/path/VBoxManage.exe"],
    ["win32", [usual, moved], usual],
  ] as const)("of %s among %j is %s", async (platform, files, expected) => {
    expect((await find(platform, files)).file).toBe(expected);
  });

  test("of Windows is where the registry says when it is in no usual place, if it is there", async () => {
    const answer = { stdout: registry };
    const found = await find("win32", [moved], {}, answer);
    expect(found).toEqual({ file: moved, asked: ["reg.exe", "query", "HKLM\\SOFTWARE\\Oracle\\VirtualBox"] });
    // What another's installer left of it does not count.
    present.clear();
    expect((await find("win32", [], {}, answer)).file).toBeUndefined();
    expect((await find("win32", [moved])).file).toBeUndefined();
    expect((await find("win32", [usual, moved], {}, answer)).asked).toEqual([]);
  });

  test.each([
    [["/on/path/VBoxManage", "/mnt/d/vb/VBoxManage.exe"], "/on/path/VBoxManage"],
    [["/mnt/d/vb/VBoxManage.exe", wsl], "/mnt/d/vb/VBoxManage.exe"],
    [[wsl], wsl],
    [[], undefined],
  ])("inside WSL among %j is %s", async (files, expected) => {
    expect((await find("linux", files, { WSL_DISTRO_NAME: "Debian" })).file).toBe(expected);
  });
});
