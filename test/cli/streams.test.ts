import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { beforeEach, expect, test } from "vitest";
import { cleanEnvironment, projectRoot, type Ran, run, temporaryHome } from "./run-localkube.ts";

const launcher = join(projectRoot, "bin/localkube");

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

/** Runs a bash script in which `$LK` is the built program. */
function shell(script: string, env: Record<string, string> = {}): Promise<Ran> {
  const LK = `${process.execPath} ${launcher}`;
  return run("bash", ["-c", script], { ...cleanEnvironment(home), LK, ...env });
}

/** The same with a tmpfs at `$T`, which goes away with the mount namespace. */
function withTmpfs(options: string, script: string): Promise<Ran> {
  const as = process.getuid?.() === 0 ? "" : "--user --map-root-user";
  const inside = `mount -t tmpfs -o ${options} tmpfs "$T" && { ${script}; }`;
  return shell(`mkdir -p "$T" && exec unshare ${as} --mount bash -c '${inside}'`, {
    T: join(home, "mounted"),
  });
}

const commands = [
  "--help",
  "--version",
  "start --help",
  "version",
  "version -o json",
  "profile list -o json",
  "completion bash",
  "config view -o json",
  "nope -o json",
];

test.each(commands)("standard output on a full disk is told in two lines: %s", async (words) => {
  const { stderr, exitCode } = await shell(`$LK ${words} > /dev/full`);
  expect(stderr).toMatch(/^Error OUTPUT_UNWRITABLE: Standard output cannot be written: ENOSPC.*\nFix: .*\n$/);
  expect(exitCode).toBe(74);
});

test.each(commands)("a reader that left is no error: %s", async (words) => {
  const { stderr, stdout } = await shell(`{ sleep 0.3; $LK ${words}; echo "ended \${?}" >&2; } | true`);
  expect(stderr).toBe("ended 141\n");
  expect(stdout).toBe("");
});

test("both streams gone, and closed ones, end quietly with the command's own code", async () => {
  expect(await shell("$LK nope 2> /dev/full")).toMatchObject({ exitCode: 2, stdout: "" });
  expect(await shell("$LK version > /dev/full 2>&1")).toMatchObject({ exitCode: 74 });
  expect(await shell("$LK nope >&- 2>&-")).toMatchObject({ exitCode: 2 });
  expect(await shell("$LK status 2>&-")).toMatchObject({
    exitCode: 7,
    stdout: "There is no cluster localkube\n",
  });
});

test("an older Node in front changes nothing of that", async () => {
  const pretend = join(home, "pretend.cjs");
  await writeFile(pretend, 'Object.defineProperty(process, "version", { value: "v12.22.0" });');
  const LK = `${process.execPath} --require ${pretend} ${launcher}`;
  for (const words of ["--version", "--help", "version"]) {
    const full = await shell(`$LK ${words} > /dev/full`, { LK });
    expect(full.stderr).toContain("Error OUTPUT_UNWRITABLE");
    expect(full.exitCode).toBe(74);
    const left = await shell(`{ sleep 0.3; $LK ${words}; echo "ended \${?}" >&2; } | true`, { LK });
    expect(left.stderr).toBe("ended 141\n");
  }
});

test("a full disk under the state folder is named, and costs no file that was there", async () => {
  const { stderr, stdout, exitCode } = await withTmpfs(
    "size=64k",
    "export LOCALKUBE_HOME=$T/state; $LK config set cpus 2 && dd if=/dev/zero of=$T/fill bs=1k status=none; $LK config set memory 4G; code=$?; rm $T/fill; $LK config view; exit $code",
  );
  expect(stderr).toContain("Error NO_SPACE_LEFT: No space is left for ");
  expect(stderr).toContain("state/config.json");
  expect(stdout).toBe("cpus = 2\ncpus = 2\n");
  expect(exitCode).toBe(73);
});

test("a read-only file system under the state folder is told as one", async () => {
  const { stderr, exitCode } = await withTmpfs("ro", "export LOCALKUBE_HOME=$T/state; $LK config set cpus 2");
  expect(stderr).toContain("Error FILE_SYSTEM_READ_ONLY: ");
  expect(exitCode).toBe(73);
});

test("delete works on a full disk", async () => {
  const { stderr, exitCode } = await withTmpfs(
    "size=64k",
    "export LOCALKUBE_HOME=$T/state; mkdir -p $T/state/locks; dd if=/dev/zero of=$T/fill bs=1k status=none; $LK delete",
  );
  expect(stderr).not.toContain("NO_SPACE");
  expect(exitCode).toBe(0);
});

test("a deleted working folder costs only what needs one", async () => {
  const folder = join(home, "gone");
  const gone = `mkdir ${folder}; cd ${folder}; rmdir ${folder};`;
  expect((await shell(`${gone} $LK version 2>/dev/null`)).exitCode).toBe(0);
  expect((await shell(`${gone} $LK status`)).exitCode).toBe(7);
  const { stderr, exitCode } = await shell(`${gone} $LK start --dry-run --driver podman --mirror relative`);
  expect(stderr).toContain("Error WORKING_FOLDER_GONE: ");
  expect(exitCode).toBe(66);
});

test("too few files that may be open are told by name", async () => {
  const { stderr, exitCode } = await shell("ulimit -n 22; $LK start --dry-run");
  expect(stderr).toMatch(/^Error TOO_MANY_OPEN_FILES: .*\nFix: .*ulimit -n.*\n/m);
  expect(exitCode).toBe(69);
});

test("Node's own warnings are not shown", async () => {
  const authorities = join(home, "nothing.pem");
  const { stderr } = await shell("$LK start --dry-run --driver nope", { NODE_EXTRA_CA_CERTS: authorities });
  expect(stderr).not.toContain("load failed");
  expect(stderr).toContain(`warning: NODE_EXTRA_CA_CERTS is ignored: ${authorities} cannot be read\n`);
  const odd = join(home, "warn.cjs");
  await writeFile(odd, 'setTimeout(() => process.emitWarning("something odd", "DeprecationWarning"), 1);');
  const warned = await shell("$LK completion bash > /dev/null", { NODE_OPTIONS: `--require ${odd}` });
  expect(warned.stderr).toBe("");
});
