import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { cleanEnvironment, localkube, run, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

/** What bash itself offers with our script after these words; the last is the one being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const script = join(home, "completion.bash");
  await writeFile(script, (await localkube(home, ["completion", "bash"])).stdout);
  const program =
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _localkube; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout, stderr } = await run(
    "bash",
    ["-c", program, "bash", script, ...words],
    cleanEnvironment(home),
  );
  expect(stderr).toBe("");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

test("bash offers commands, their flags and the flags' values", async () => {
  expect(await offered("localkube", "con")).toEqual(["config"]);
  expect(await offered("localkube", "config", "")).toEqual(["get", "set", "unset", "view"]);
  expect(await offered("localkube", "config", "set", "--o")).toEqual(["--output"]);
  expect(await offered("localkube", "version", "--output", "")).toEqual(["json", "text"]);
  expect(await offered("localkube", "version", "--output", "=", "j")).toEqual(["json"]);
  expect(await offered("localkube", "completion", "p")).toEqual(["powershell"]);
  expect(await offered("localkube", "-o", "json", "profile", "")).toEqual(["list", "use"]);
});

test("bash offers the values of a flag that start checks itself", async () => {
  expect(await offered("localkube", "start", "--driver", "p")).toEqual(["packet", "podman"]);
  expect(await offered("localkube", "start", "--runtime", "")).toEqual([
    "containerd",
    "cri",
    "cri-dockerd",
    "cri-o",
    "crio",
    "docker",
  ]);
  expect(await offered("localkube", "start", "--os", "=", "f")).toEqual(["flatcar"]);
  expect(await offered("localkube", "start", "--artifacts", "")).toEqual(["auto", "debian", "upstream"]);
  expect(await offered("localkube", "start", "--wait", "n")).toEqual(["node", "none"]);
  // Another value is refused by the flag's own error, not by the parser of the command line.
  const refused = await localkube(home, ["start", "--driver", "podmen", "--dry-run"]);
  expect(refused.stderr).toContain("Error DRIVER_UNKNOWN: There is no driver 'podmen'");
  expect(refused.exitCode).toBe(2);
});

test("bash offers the names of the profiles there are", async () => {
  for (const name of ["alpha", "beta"]) await mkdir(join(home, "state/clusters", name), { recursive: true });
  expect(await offered("localkube", "version", "-p", "")).toEqual(["alpha", "beta"]);
  expect(await offered("localkube", "version", "--profile", "b")).toEqual(["beta"]);
});

test.each(["zsh", "fish", "powershell"])("the %s script knows every command and flag", async (shell) => {
  const { stdout, exitCode } = await localkube(home, ["completion", shell]);
  expect(exitCode).toBe(0);
  for (const word of [
    "completion",
    "unset",
    "profile",
    shell === "fish" ? "-l verbose" : "--verbose",
    "text",
  ])
    expect(stdout).toContain(word);
});
