import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ExecResult, Transport } from "../../../../src/contract/transport.ts";
import { restartUnits } from "../../../../src/provision/units/ensure-units.ts";

const run = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-restart-"));
  // Notes each call with the time; every unit is active.
  const stub = `#!/bin/sh\necho "$(date +%s.%N) $*" >> "${folder}/calls"\ncase $1 in show) echo no; echo loaded;; esac\n`;
  writeFileSync(join(folder, "systemctl"), stub);
  chmodSync(join(folder, "systemctl"), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the commands here, with a systemctl that only notes what it was asked for. */
const here = (): Transport =>
  ({
    exec: async ([program, ...args]: readonly [string, ...string[]]): Promise<ExecResult> => {
      const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
      return { exitCode: 0, ...(await run(program, args, { env })) };
    },
  }) as unknown as Transport;

const calls = () =>
  readFileSync(join(folder, "calls"), "utf8")
    .trim()
    .split("\n")
    .map((line) => ({ at: Number(line.split(" ")[0]), call: line.slice(line.indexOf(" ") + 1) }));

const unit = (name: string) => ({ name, template: name, argv: [], inputs: [] });

test("a kubelet that runs ends in an earlier second than the next one starts in: its reports carry whole seconds", async () => {
  await restartUnits(here(), [unit("kubelet.service")], AbortSignal.timeout(20_000));
  const stopped = calls().find(({ call }) => call === "stop kubelet.service");
  const restarted = calls().find(({ call }) => call === "restart --no-block kubelet.service");
  expect(Math.floor(restarted!.at)).toBeGreaterThan(Math.floor(stopped!.at));
});

test("no other unit waits", async () => {
  const units = [unit("etcd.service"), unit("kube-apiserver.service")];
  await restartUnits(here(), units, AbortSignal.timeout(20_000));
  expect(calls().map(({ call }) => call.split(" ")[0])).not.toContain("stop");
  expect(calls().at(-1)?.call).toBe("restart --no-block etcd.service kube-apiserver.service");
});
