import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeFiles } from "../../../../src/provision/node/node-files.ts";
import { renderUnit, type Unit, unitInputs } from "../../../../src/provision/units/unit-file.ts";
import { nodeSample } from "../node/node-sample.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-units-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unit = (change: Partial<Unit> = {}): Unit => ({
  name: "kube-scheduler.service",
  template: "kube-scheduler.service",
  argv: ["/usr/local/bin/kube-scheduler"],
  inputs: [],
  values: { environment: "" },
  ...change,
});

const canVerify = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.runIf(canVerify).each([20, 27, 37])("systemd finds nothing wrong with the units of 1.%d", (minor) => {
  const { controlPlane, runtime, kubelet, controllers } = nodeFiles(nodeSample(minor));
  const units = [...controlPlane!.units, ...runtime.units, ...kubelet.units, ...controllers.units];
  const files = units.map((one) => {
    const file = join(folder, one.name);
    writeFileSync(file, renderUnit(one));
    return file;
  });
  const { stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], {
    encoding: "utf8",
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:/lib/systemd/system` },
  });
  const complaints = stderr
    .split("\n")
    .filter((line) => line.includes(folder) || units.some(({ name }) => line.startsWith(name)))
    // The programs are in the guest, not here.
    .filter((line) => !/Command .+ is not executable: No such file or directory/.test(line));
  expect(complaints).toEqual([]);
  // It read them: that programs are missing is the one thing it says.
  expect(status === 0 || stderr.includes("is not executable")).toBe(true);
});

test("arguments reach the program as they are, whatever is in them", () => {
  const words = [
    "--plain=a",
    "--space=a b",
    '--quote="x"',
    "--back=\\d",
    "--dollar=$HOME ${X}",
    "--percent=%n %%",
  ];
  const text = renderUnit(unit({ argv: ["/usr/bin/printf", ...words] }));
  const line = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(text)?.[1] ?? "";
  // systemd.service(5): joined lines, C escapes in double quotes, $$ and %% for one of each.
  const read = [...line.replaceAll(" \\\n  ", " ").matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, bare]) =>
      (quoted?.replace(/\\(["\\])/g, "$1") ?? bare ?? "").replaceAll("$$", "$").replaceAll("%%", "%"),
  );
  expect(read).toEqual(["/usr/bin/printf", ...words]);
});

test("the identity of a unit changes with what its process reads, and with nothing else", () => {
  const text = (content: string, mode = 0o644) => ({
    path: "/a",
    mode,
    source: { kind: "text" as const, text: content },
  });
  const same = unitInputs(unit({ inputs: [text("x")] }));
  expect(unitInputs(unit({ inputs: [text("x")] }))).toBe(same);
  const others = [
    unit({ inputs: [text("y")] }),
    unit({ inputs: [text("x", 0o600)] }),
    unit({ inputs: [text("x")], argv: ["/usr/local/bin/kube-scheduler", "--v=4"] }),
    unit({ inputs: [text("x")], values: { environment: " EXTRA=1" } }),
    unit(),
  ].map((one) => unitInputs(one));
  expect(new Set([same, ...others]).size).toBe(6);
  expect(renderUnit(unit({ inputs: [text("x")] }))).toContain(`Environment=LOCALKUBE_INPUTS=${same}\n`);
});

test("the identity of a unit changes with the text of its template, which another release may bring", () => {
  const file = join(import.meta.dirname, "../../../../templates/systemd/kube-scheduler.service");
  const text = readFileSync(file, "utf8");
  expect(unitInputs(unit(), text)).toBe(unitInputs(unit()));
  expect(unitInputs(unit(), text.replace("RestartSec=250ms", "RestartSec=1s"))).not.toBe(unitInputs(unit()));
});

test("a place without a value is a mistake of ours and told", () => {
  expect(() => renderUnit(unit({ template: "kubelet.service" }))).toThrow("no value for {{runtimeUnit}}");
});

test.runIf(canVerify)("verify would notice a mistake", () => {
  const file = join(folder, "bad.service");
  writeFileSync(file, "[Service]\nExecStart=relative path\n");
  expect(() => execFileSync("systemd-analyze", ["verify", file], { stdio: "pipe" })).toThrow();
});
