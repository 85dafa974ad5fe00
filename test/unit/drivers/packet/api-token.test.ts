import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { apiToken, openAccess } from "../../../../drivers/packet/open-access.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import { recordingHost } from "../recording-host.ts";
import { caught, hasty } from "./paper-world.ts";

const { signal } = new AbortController();
const endpoint = "https://metal.example.org/metal/v1/";

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-token-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder on PATH with that program in it, so that it is found. */
async function withProgram(name: string): Promise<string> {
  const folder = await temporary();
  await writeFile(join(folder, name), "", { mode: 0o755 });
  return folder;
}

test("the named file counts before the environment", async () => {
  const file = join(await temporary(), "tokén file");
  await writeFile(file, "from-file\n", { mode: 0o600 });
  const { host } = recordingHost([], { PATH: "/nowhere", PACKET_AUTH_TOKEN: "from-environment" });
  expect(await apiToken({ endpoint, tokenFile: file }, host, signal)).toEqual({
    token: "from-file",
    origin: `the file ${file}`,
  });
});

test.each([
  ["others may read it", "token", 0o640, "other users can read it"],
  ["it is empty", "\n", 0o600, "it is empty"],
  ["it holds two lines", "one\ntwo\n", 0o600, "more than one word"],
  ["it is not there", undefined, 0o600, "ENOENT"],
])("a file is refused when %s", async (_, text, mode, problem) => {
  const file = join(await temporary(), "token");
  if (text !== undefined) {
    await writeFile(file, text);
    await chmod(file, mode);
  }
  const error = await caught(apiToken({ endpoint, tokenFile: file }, recordingHost([]).host, signal));
  expect(error.id).toBe("PACKET_TOKEN_FILE");
  expect(error.message).toContain(problem);
});

test.each(["LOCALKUBE_PACKET_TOKEN", "PACKET_AUTH_TOKEN", "METAL_AUTH_TOKEN"])(
  "%s gives it",
  async (name) => {
    const { host, commands } = recordingHost([], { PATH: "/nowhere", [name]: " abc " });
    expect(await apiToken({ endpoint }, host, signal)).toEqual({ token: "abc", origin: name });
    expect(commands).toEqual([]);
  },
);

test.each([
  [
    "linux",
    "secret-tool",
    ["secret-tool", "lookup", "service", "localkube-packet", "host", "metal.example.org"],
  ],
  [
    "darwin",
    "security",
    ["security", "find-generic-password", "-s", "localkube-packet", "-a", "metal.example.org", "-w"],
  ],
] as const)("the keychain of %s gives it by standard output", async (platform, program, argv) => {
  const { host, commands } = recordingHost([[program, { stdout: "from-keychain\n" }]], {
    PATH: await withProgram(program),
  });
  const there: HostContext = { ...host, platform };
  expect(await apiToken({ endpoint }, there, signal)).toEqual({
    token: "from-keychain",
    origin: "the keychain",
  });
  expect(commands).toEqual([argv]);
});

test("an empty or locked keychain, or none, is no token", async () => {
  const path = await withProgram("secret-tool");
  const locked = recordingHost([["secret-tool", { exitCode: 1, stderr: "locked" }]], { PATH: path });
  const empty = recordingHost([["secret-tool", { stdout: "" }]], { PATH: path });
  for (const { host } of [locked, empty, recordingHost([])])
    expect(await caught(apiToken({ endpoint }, host, signal))).toMatchObject({ id: "PACKET_TOKEN_MISSING" });
});

test("the file of the private authority must hold certificates", async () => {
  const file = join(await temporary(), "ca.pem");
  const { host } = recordingHost([], { PATH: "/nowhere", PACKET_AUTH_TOKEN: "abc" });
  const open = () => caught(openAccess({ endpoint, caFile: file }, { host, signal }, hasty));
  expect((await open()).message).toContain("ENOENT");
  await writeFile(file, "no certificate");
  expect(await open()).toMatchObject({ id: "PACKET_AUTHORITY_UNREADABLE" });
});
