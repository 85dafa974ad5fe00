import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runtimeFor } from "../../../../src/runtimes/registry.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-redirect-"));
  // In place of systemd: notes what CRI-O would read when it gets the signal.
  const lines = ["#!/bin/sh", `echo "$* $(ls ${folder}/d | tr '\\n' ' ')" >> ${folder}/reloads`];
  writeFileSync(join(folder, "systemctl"), `${lines.join("\n")}\n`, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const repositories = [{ name: "docker.io/library/web", location: "127.0.0.1:4711/r0" }];
const files = (): readonly string[] => readdirSync(join(folder, "d"));
const reloads = (): readonly string[] => readFileSync(join(folder, "reloads"), "utf8").trim().split("\n");

/** The script of that minor, with its folder in ours; `fed`: what it gets of its input. */
function start(minor: number, fed: (input: string) => string = (input) => input) {
  const { imageImport } = runtimeFor("cri-o", { version: `v1.${minor}`, minor });
  if (imageImport?.by !== "pull") throw new Error("it pulls");
  const { argv, input } = imageImport.redirect(repositories);
  const own = argv.map((word) => (word.endsWith("registries.conf.d") ? join(folder, "d") : word));
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  const script = spawn(own[0]!, own.slice(1), { env, stdio: ["pipe", "pipe", "inherit"] });
  script.stdin.write(fed(input));
  return { script, argv };
}

test("the redirection is in force before it is told, and is taken back when nobody wants it any more", async () => {
  const { script, argv } = start(36);
  expect(argv).toEqual(expect.arrayContaining(["/run/crio/registries.conf.d", "crio.service"]));
  const [said] = (await once(script.stdout, "data")) as [Buffer];
  expect(said.toString()).toBe("ready\n");
  const [name = ""] = files();
  expect(files()).toEqual([`localkube-import-${script.pid}.conf`]);
  expect(parse(readFileSync(join(folder, "d", name), "utf8"))).toEqual({
    registry: [{ prefix: "docker.io/library/web", location: "127.0.0.1:4711/r0", insecure: true }],
  });
  expect(reloads()).toEqual([`kill --kill-who=main --signal=HUP crio.service ${name}`]);
  script.stdin.end();
  await once(script, "exit");
  expect(files()).toEqual([]);
  expect(reloads()[1]).toBe("kill --kill-who=main --signal=HUP crio.service");
});

test("a connection that is lost before all is told changes nothing", async () => {
  const { script } = start(36, (input) => input.slice(0, 20));
  script.stdin.end();
  const [code] = (await once(script, "exit")) as [number];
  expect(code).toBe(1);
  expect(files()).toEqual([]);
});

test("what a script left that was killed is removed by the next one, and that of one at work is not", async () => {
  const { script: killed } = start(36);
  await once(killed.stdout, "data");
  killed.kill("SIGKILL");
  await once(killed, "exit");
  const { script: first } = start(36);
  await once(first.stdout, "data");
  const { script: second } = start(36);
  await once(second.stdout, "data");
  expect([...files()].sort()).toEqual(
    [first, second].map(({ pid }) => `localkube-import-${pid}.conf`).sort(),
  );
  for (const script of [first, second]) {
    script.stdin.end();
    await once(script, "exit");
  }
  expect(files()).toEqual([]);
});

test("1.20, which reads the system's folder alone, is told there", () => {
  const { script, argv } = start(20);
  script.kill("SIGKILL");
  expect(argv).toContain("/etc/containers/registries.conf.d");
});
