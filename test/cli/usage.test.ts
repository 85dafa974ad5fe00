import { beforeEach, describe, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

describe("what a wrong command line says", () => {
  test.each([
    [["verson"], "USAGE_MISTYPED_COMMAND", "did you mean 'version'", "Fix: Run localkube version"],
    [
      ["confg", "view"],
      "USAGE_MISTYPED_COMMAND",
      "did you mean 'config view'",
      "Fix: Run localkube config view",
    ],
    [["xyzzy"], "USAGE_UNKNOWN_COMMAND", "'xyzzy'", "localkube --help"],
    [["version", "--verbos"], "USAGE_MISTYPED_FLAG", "did you mean --verbose", "Use --verbose"],
    [["version", "--xyzzy"], "USAGE_UNKNOWN_FLAG", "version has no flag --xyzzy", "localkube version --help"],
    [["config", "get"], "USAGE_MISSING_ARGUMENT", "config get needs the argument KEY", "config get --help"],
    [["version", "extra"], "USAGE_UNEXPECTED_ARGUMENT", "'extra'", "Leave it out"],
    [["version", "--output", "xml"], "USAGE_INVALID", "text, json", "localkube version --help"],
    [["version", "--output"], "USAGE_INVALID", "expects", "localkube version --help"],
    [["completion", "tcsh"], "USAGE_INVALID", "bash, zsh, fish, powershell", "localkube completion --help"],
    [["config", "get", "profle"], "USAGE_UNKNOWN_SETTING", "did you mean 'profile'", "Use one of: "],
  ])("%j → %s", async (argv, id, what, fix) => {
    const { exitCode, stdout, stderr } = await localkube(home, argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    const [first, ...rest] = stderr.trimEnd().split("\n");
    expect(first).toMatch(new RegExp(`^Error ${id}: `));
    expect(first).toContain(what);
    expect(rest.at(-1)).toMatch(/^Fix: /);
    expect(rest.at(-1)).toContain(fix);
  });

  test.each([
    [["--os", "fedora"], "OS_UNKNOWN", "'fedora'", "debian, flatcar"],
    [["--os", "flatcra"], "OS_UNKNOWN", "did you mean 'flatcar'", "--os"],
    [["--os", "flatcar", "--image", "debian"], "OS_IMAGE_CONFLICT", "--os flatcar", "Leave one of them out"],
    [["--image", "ftp://example.org/disk"], "IMAGE_ADDRESS_INVALID", "only http and https", "#sha256=HEX"],
    [
      ["--image", "https://example.org/disk#md5=0"],
      "IMAGE_ADDRESS_INVALID",
      "neither sha256=HEX",
      "#sha256=HEX",
    ],
    [["--image", "https://u:p@example.org/disk"], "IMAGE_ADDRESS_INVALID", "user's name", "#sha256=HEX"],
  ])("start %j → %s", async (flags, id, what, fix) => {
    const { exitCode, stdout, stderr } = await localkube(home, ["start", "--dry-run", ...flags]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(`Error ${id}: `);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(what);
    expect(stderr.trimEnd().split("\n").at(-1)).toContain(fix);
    expect(stderr).not.toContain("u:p");
  });

  test("is a JSON document on standard output when JSON is asked for", async () => {
    for (const argv of [
      ["version", "--nope", "--output", "json"],
      ["nope", "-o=json"],
      ["-o", "json", "nope"],
    ]) {
      const { exitCode, stdout, stderr } = await localkube(home, argv);
      const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
      expect(exitCode).toBe(2);
      expect(stderr).toBe("");
      expect(error).toMatchObject({ exitCode: 2, id: expect.stringMatching(/^USAGE_/) as string });
      expect(error["fix"]).toContain("localkube");
    }
  });

  test("names a wrong environment variable and how to get rid of it", async () => {
    const { exitCode, stderr } = await localkube(home, ["version"], { LOCALKUBE_VERBOSE: "perhaps" });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("LOCALKUBE_VERBOSE has the value 'perhaps'");
    expect(stderr).toContain("Fix: Change or unset LOCALKUBE_VERBOSE");
  });
});

test.each([
  ["--no-dry-run", "start has no flag --no-dry-run\n"],
  ["--no-yes", "start has no flag --no-yes\n"],
  ["--no-keep-contxt", "did you mean --no-keep-context?"],
  ["--dry-rn", "did you mean --dry-run?"],
  ["--xy", "start has no flag --xy\n"],
])("a hint never turns the meaning round: %s", async (flag, said) => {
  const { stderr, exitCode } = await localkube(home, ["start", flag]);
  expect(stderr).toContain(said);
  expect(exitCode).toBe(2);
});

test("a mirror that is neither a folder nor on the web is refused as such", async () => {
  const { stderr, exitCode } = await localkube(home, ["start", "--dry-run", "--mirror", "ftp://x"]);
  expect(stderr).toContain("Error MIRROR_INVALID: The mirror ftp://x cannot be used: only http and https");
  expect(exitCode).toBe(2);
});

test("an empty --extra-config is none", async () => {
  const { stderr, exitCode } = await localkube(home, ["start", "--extra-config", "", "--driver", "nope"]);
  expect(stderr).toContain("Error DRIVER_UNKNOWN");
  expect(exitCode).not.toBe(1);
});
