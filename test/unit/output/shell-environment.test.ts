import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EnvironmentChange } from "../../../src/contract/host.ts";
import { environmentText, type Shell, shellOf } from "../../../src/output/shell-environment.ts";

const folder = `/home/it's a "home" $HOME \\ 100%  *`;
const change: EnvironmentChange = {
  set: { DOCKER_HOST: "ssh://root@127.0.0.1:2222", FORMER: folder },
  unset: ["DOCKER_CONTEXT"],
  path: { value: `${folder}:/usr/bin:/bin`, prepend: folder },
};
const text = (shell: Shell, what = change) => environmentText(shell, what, "localkube docker-env -p two");
const lines = (shell: Shell, what?: EnvironmentChange) => text(shell, what).split("\n");

/** What a shell that evaluates `script` has afterwards. */
function evaluated(shell: string, script: string): Readonly<Record<string, string>> {
  const file = join(mkdtempSync(join(tmpdir(), "localkube-shell-")), "script");
  onTestFinished(() => rmSync(join(file, ".."), { recursive: true }));
  writeFileSync(file, script);
  const before = { PATH: "/usr/bin:/bin", DOCKER_CONTEXT: "mine", TEXT: file };
  const command = 'eval "$(cat "$TEXT")"; /usr/bin/env -0';
  // With a socket for standard input, bash would take itself for a remote shell and read ~/.bashrc.
  const out = execFileSync(shell, ["-c", command], {
    env: before,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return Object.fromEntries(
    out
      .split("\0")
      .filter((pair) => pair !== "")
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

describe.each(["sh", "bash"])("%s, from the text for bash,", (shell) => {
  it("gets every character of a value, PATH with our folder in front, and loses what is unset", () => {
    const env = evaluated(shell, text("bash"));
    expect(env).toMatchObject({
      DOCKER_HOST: "ssh://root@127.0.0.1:2222",
      FORMER: folder,
      PATH: `${folder}:/usr/bin:/bin`,
    });
    expect(env).not.toHaveProperty("DOCKER_CONTEXT");
  });
  it("gets a PATH as a whole where nothing is put in front", () => {
    const env = evaluated(shell, text("bash", { set: {}, unset: [], path: { value: "/bin:/o'b" } }));
    expect(env["PATH"]).toBe("/bin:/o'b");
  });
  it("may evaluate it without quotation marks", () => {
    const plain = text("bash", {
      ...change,
      set: { DOCKER_HOST: "ssh://a", OTHER: "1" },
      path: { value: "/bin" },
    });
    const unquoted = plain.replaceAll("\n", " ");
    expect(evaluated(shell, unquoted)).toMatchObject({ DOCKER_HOST: "ssh://a", OTHER: "1", PATH: "/bin" });
    expect(evaluated(shell, unquoted)).not.toHaveProperty("DOCKER_CONTEXT");
    expect(evaluated(shell, unquoted)).not.toHaveProperty("export");
  });
});

it("writes the same for zsh as for bash", () => {
  expect(text("zsh")).toBe(text("bash"));
  expect(lines("bash").at(-1)).toBe('# To do it in this shell: eval "$(localkube docker-env -p two)"');
});

it("writes for fish, where PATH is a list", () => {
  const quoted = `'/home/it\\'s a "home" $HOME \\\\ 100%  *'`;
  expect(lines("fish")).toEqual([
    "set -e DOCKER_CONTEXT;",
    "set -gx DOCKER_HOST 'ssh://root@127.0.0.1:2222';",
    `set -gx FORMER ${quoted};`,
    `set -gx PATH ${quoted} $PATH;`,
    "# To do it in this shell: localkube docker-env -p two | source",
  ]);
  expect(lines("fish", { set: {}, unset: [], path: { value: "/a b:/c" } })[0]).toBe(
    "set -gx PATH '/a b' '/c';",
  );
});

it("writes for PowerShell, which knows more quotation marks", () => {
  const typographic = { set: { A: "it's ’twas" }, unset: [], path: { value: "C:\\a;C:\\b" } };
  expect(lines("powershell", typographic).slice(0, 2)).toEqual([
    "$Env:A = 'it''s ’’twas'",
    "$Env:PATH = 'C:\\a;C:\\b'",
  ]);
  expect(lines("powershell")).toEqual([
    "Remove-Item Env:\\DOCKER_CONTEXT -ErrorAction SilentlyContinue",
    "$Env:DOCKER_HOST = 'ssh://root@127.0.0.1:2222'",
    `$Env:FORMER = '${folder.replace("'", "''")}'`,
    `$Env:PATH = '${folder.replace("'", "''")}' + [IO.Path]::PathSeparator + $Env:PATH`,
    "# To do it in this shell: localkube docker-env -p two | Out-String | Invoke-Expression",
  ]);
});

it("writes for cmd, which replaces nothing in the lines of FOR: PATH stands there as a whole", () => {
  expect(
    lines("cmd", { set: { A: "b c" }, unset: ["D"], path: { value: "C:\\x;C:\\y", prepend: "C:\\x" } }),
  ).toEqual([
    'SET "D="',
    'SET "A=b c"',
    'SET "PATH=C:\\x;C:\\y"',
    `REM To do it in this shell: @FOR /f "tokens=*" %i IN ('localkube docker-env -p two') DO @%i`,
  ]);
});

describe("shellOf", () => {
  const shell = (env: Record<string, string>, platform: NodeJS.Platform = "linux") =>
    shellOf({ env, platform });
  it.each([
    ["/bin/bash", "bash"],
    ["/usr/bin/zsh", "zsh"],
    ["/usr/local/bin/fish", "fish"],
    ["/bin/dash", "bash"],
    ["/usr/bin/pwsh", "powershell"],
  ])("takes %s for %s", (program, known) => {
    expect(shell({ SHELL: program })).toBe(known);
  });
  it("knows the shells of Windows by PSModulePath, and takes bash where nothing is said elsewhere", () => {
    expect(shell({ PSModulePath: "C:\\m" }, "win32")).toBe("powershell");
    expect(shell({}, "win32")).toBe("cmd");
    expect(shell({ SHELL: "C:\\git\\bin\\bash.exe", PSModulePath: "C:\\m" }, "win32")).toBe("bash");
    expect(shell({ PSModulePath: "/m" })).toBe("bash");
  });
  it("refuses one with another syntax", () => {
    expect(() => shell({ SHELL: "/bin/tcsh" })).toThrow(expect.objectContaining({ id: "SHELL_UNKNOWN" }));
  });
});
