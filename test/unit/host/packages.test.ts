import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { CommandOptions, RunContext } from "../../../src/contract/host.ts";
import { debianPackages } from "../../../src/host/debian-package.ts";
import { findProgram, missingPrograms } from "../../../src/host/find-program.ts";
import { parseOsRelease } from "../../../src/host/os-release.ts";
import { installCommand, installPackages, missingPackages } from "../../../src/host/packages.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-packages-"));
  await writeFile(join(folder, "mine"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(folder, "apt-get"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(folder, "data"), "", { mode: 0o644 });
  await writeFile(join(folder, "debian"), "ID=debian\n");
  await writeFile(join(folder, "fedora"), "ID=fedora\nPRETTY_NAME='Fedora Linux 44'\n");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("programs", () => {
  test("are found on PATH, when they can be executed, and in the administration folders", async () => {
    const env = { PATH: folder };
    expect(await findProgram("mine", { env })).toBe(join(folder, "mine"));
    expect(await findProgram("data", { env })).toBeUndefined();
    expect(await missingPrograms(["mine", "data", "nowhere"], { env })).toEqual(["data", "nowhere"]);
  });

  test("come from packages, each named once", async () => {
    expect(debianPackages(["ssh", "scp", "jq"])).toEqual(["openssh-client", "jq"]);
    expect(await missingPackages(["mine", "lk-no-such-program"], { env: { PATH: folder } })).toEqual([
      "lk-no-such-program",
    ]);
  });

  test("are installed by a line that can be pasted", () => {
    expect(installCommand(["podman", "runc"], { isRoot: false })).toBe(
      "sudo apt-get update && sudo apt-get install -y --no-install-recommends podman runc",
    );
    expect(installCommand(["runc"], { isRoot: true })).toBe(
      "apt-get update && apt-get install -y --no-install-recommends runc",
    );
  });
});

test.each([
  [
    'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n',
    ["ubuntu", "debian"],
    "Ubuntu 24.04 LTS",
  ],
  ["NAME=Fedora\nID=fedora\n", ["fedora"], "fedora"],
  ["ID='opensuse-leap'\nID_LIKE=\"suse opensuse\"\n", ["opensuse-leap", "suse", "opensuse"], "opensuse-leap"],
  ["", [], "an unknown system"],
])("os-release %j", (text, family, prettyName) => {
  expect(parseOsRelease(text)).toMatchObject({ family, prettyName });
});

/** A host on which dpkg tells of some packages and apt installs them, or fails as often as said. */
function context(already: readonly string[], { isRoot = true, failures = 0, inert = false } = {}) {
  const installed = new Set(already);
  const calls: string[][] = [];
  const environments: unknown[] = [];
  let left = failures;
  const run = (argv: readonly [string, ...string[]], options?: CommandOptions) => {
    const result = (stdout: string) => Promise.resolve({ exitCode: 0, stdout, stderr: "" });
    if (argv[0] === "dpkg-query") return result([...installed].map((name) => `${name} installed\n`).join(""));
    const words = argv.filter((word, i) => word !== "-o" && argv[i - 1] !== "-o");
    calls.push(words);
    environments.push(options?.env);
    // A download may be cut off at any time; an installation is let end.
    if (words[1] !== "install" || words[2] === "--download-only") {
      expect(options?.settleMs).toBeUndefined();
      return result("");
    }
    expect(options?.settleMs).toBeGreaterThan(60_000);
    if (left-- > 0)
      return Promise.reject(
        new LocalkubeError(
          "HOST_COMMAND_FAILED",
          { command: "apt-get", exitCode: 100 },
          { output: "E: 404" },
        ),
      );
    if (!inert) for (const name of words.slice(4)) installed.add(name);
    return result("");
  };
  const c: RunContext = {
    host: {
      run,
      env: { PATH: folder },
      platform: "linux",
      arch: "amd64",
      isRoot,
      stateDir: folder,
      cacheDir: folder,
    },
    signal: new AbortController().signal,
    report: () => undefined,
    log: () => undefined,
  };
  return { c, calls, environments };
}

const debian = () => ({ osReleaseFile: join(folder, "debian"), aptLists: join(folder, "empty") });
const agree = () => Promise.resolve(true);
const update = ["apt-get", "update"];
const install = (...names: string[]) =>
  [["--download-only"], []].map((first) => [
    "apt-get",
    "install",
    ...first,
    "-y",
    "--no-install-recommends",
    ...names,
  ]);

describe("installPackages", () => {
  test("does nothing and asks nothing when all are there", async () => {
    const { c, calls } = context(["runc"]);
    const confirm = () => Promise.reject(new Error("asked"));
    await installPackages(["runc"], c, { ...debian(), confirm });
    await installPackages([], c, { ...debian(), confirm });
    expect(calls).toEqual([]);
  });

  test("installs only what is missing, without questions, after a look at the archive if the lists are empty", async () => {
    const { c, calls, environments } = context(["runc"]);
    const asked: unknown[] = [];
    const confirm = (packages: readonly string[]) => Promise.resolve(asked.push(packages) > 0);
    await installPackages(["runc", "podman"], c, { ...debian(), confirm });
    expect(asked).toEqual([["podman"]]);
    expect(calls).toEqual([update, ...install("podman")]);
    expect(environments).toContainEqual(expect.objectContaining({ DEBIAN_FRONTEND: "noninteractive" }));
  });

  test("uses fresh lists as they are, updates old ones, and updates when fresh ones fail", async () => {
    await mkdir(join(folder, "partial"));
    await writeFile(join(folder, "deb.example.org_dists_bookworm_InRelease"), "");
    const options = { ...debian(), confirm: agree, aptLists: folder };
    const fresh = context([]);
    await installPackages(["podman"], fresh.c, options);
    expect(fresh.calls).toEqual(install("podman"));

    const outdated = context([], { failures: 1 });
    await installPackages(["podman"], outdated.c, options);
    expect(outdated.calls).toEqual([...install("podman"), update, ...install("podman")]);

    const monthAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000);
    for (const path of [join(folder, "partial"), folder]) await utimes(path, monthAgo, monthAgo);
    const old = context([]);
    await installPackages(["podman"], old.c, options);
    expect(old.calls).toEqual([update, ...install("podman")]);
  });

  test.each([
    ["not root", { isRoot: false }, agree],
    ["declined", { isRoot: true }, () => Promise.resolve(false)],
  ])("names the command when %s", async (_, options, confirm) => {
    const { c, calls } = context([], options);
    await expect(installPackages(["podman", "runc"], c, { ...debian(), confirm })).rejects.toMatchObject({
      id: "HOST_PACKAGES_MISSING",
      fix: `Install them: ${installCommand(["podman", "runc"], c.host)}`,
    });
    expect(calls).toEqual([]);
  });

  test("shows apt's last lines when it fails, and does not believe an apt that did nothing", async () => {
    const failing = context([], { failures: 9 });
    const options = { ...debian(), confirm: agree };
    await expect(installPackages(["podman"], failing.c, options)).rejects.toMatchObject({
      id: "HOST_PACKAGES_FAILED",
      output: "E: 404",
    });
    const inert = context([], { inert: true });
    await expect(installPackages(["podman"], inert.c, options)).rejects.toMatchObject({
      id: "HOST_PACKAGES_FAILED",
    });
  });
});

test("another distribution gets the names of the packages", async () => {
  const { c, calls } = context([]);
  const options = { confirm: agree, osReleaseFile: join(folder, "fedora") };
  await expect(installPackages(["podman"], c, options)).rejects.toMatchObject({
    id: "HOST_PACKAGES_UNSUPPORTED",
    fix: "Install the equivalents of podman on Fedora Linux 44",
  });
  expect(calls).toEqual([]);
});
