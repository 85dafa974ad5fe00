import { stat } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { machineFiles } from "../../../../drivers/virtualbox/machine-file.ts";
import { machineStates } from "../../../../drivers/virtualbox/machine-state.ts";
import type { MachineState } from "../../../../src/contract/driver.ts";
import { driver, errorOf, madeMachine, verbsOf } from "./made-machine.ts";

vi.mock(import("node:os"), async (original) => ({ ...(await original()), networkInterfaces: () => ({}) }));

/** Every word of VirtualBox' manual and sources from 6.1 to 7.2. */
const meanings: readonly (readonly [MachineState, readonly string[]])[] = [
  ["stopped", ["poweroff", "aborted", "teleported"]],
  ["saved", ["saved", "aborted-saved"]],
  ["running", ["running", "livesnapshotting", "onlinesnapshotting", "deletingsnapshotlive"]],
  ["running", ["teleporting", "faulttolerantsyncing"]],
  ["paused", ["paused", "deletingsnapshotlivepaused", "teleportingpausedvm"]],
  ["starting", ["starting", "restoring", "teleportingin"]],
  ["stopping", ["stopping", "saving", "settingup", "snapshotting", "offline snapshotting"]],
  ["stopping", ["restoringsnapshot", "deletingsnapshot"]],
  ["broken", ["gurumeditation", "stuck", "inaccessible"]],
  ["unknown", ["dreaming", ""]],
];
const words = meanings.flatMap(([state, said]) => said.map((word) => [word, state] as const));

describe("VMState", () => {
  test.each(words)("'%s' is %s", async (word, state) => {
    const { m, recorded } = await madeMachine();
    recorded.state = word;
    expect(await driver.state(m, recorded.c)).toBe(state);
  });

  test("has no meaning that nobody checks", () => {
    expect(Object.keys(machineStates).filter((word) => !words.some(([known]) => known === word))).toEqual([]);
  });

  test.each(["gurumeditation", "stuck"])(
    "'%s' is for a person to end, not for start or stop",
    async (word) => {
      const { m, recorded } = await madeMachine();
      recorded.state = word;
      const before = recorded.calls.length;
      const broken = { id: "DRIVER_MACHINE_BROKEN", output: word };
      await expect(driver.start(m, recorded.c)).rejects.toMatchObject(broken);
      await expect(driver.stop(m, { ...recorded.c, graceMs: 10 })).rejects.toMatchObject(broken);
      expect(recorded.calls.slice(before).filter(([verb]) => verb !== "showvminfo")).toEqual([]);
    },
  );

  test("is absent by the error's code when VirtualBox' service speaks another language", async () => {
    const stderr = [
      "VBoxManage: error: Es konnte keine registrierte Maschine mit der UUID {x} gefunden werden",
      "VBoxManage: error: Details: code CODE, component VirtualBoxWrap, interface IVirtualBox, callee IUnknown",
      'VBoxManage: error: Context: "FindMachine(Bstr(VMNameOrUuid).raw(), machine.asOutParam())" at line 2621 of file VBoxManageInfo.cpp',
      "",
    ].join("\r\n");
    let code = "VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)";
    const { m, recorded } = await madeMachine(([verb]) =>
      verb === "showvminfo" ? { exitCode: 1, stderr: stderr.replace("CODE", code) } : undefined,
    );
    expect(await driver.state(m, recorded.c)).toBe("absent");
    code = "E_FAIL (0x80004005)";
    expect(await driver.state(m, recorded.c)).toBe("unknown");
    expect(await driver.diagnose(m, recorded.c)).toContain("UUID {x} gefunden werden\n");
  });
});

// minikube #7994: a machine that did not start was deleted, with what it held.
test.each([
  ["poweroff", "Not enough memory", "DRIVER_START_FAILED"],
  ["saved", "Failed to load the saved state", "DRIVER_RESUME_FAILED"],
  ["aborted", "VT-x is not available (VERR_VMX_NO_VMX)", "VIRTUALBOX_BLOCKED"],
])("a failed start of a machine that is %s ('%s') removes nothing", async (state, said, id) => {
  const { m, recorded } = await madeMachine(([verb]) =>
    verb === "startvm" ? { exitCode: 1, stderr: errorOf(said) } : undefined,
  );
  recorded.state = state;
  const before = recorded.calls.length;
  await expect(driver.start(m, recorded.c)).rejects.toMatchObject({ id });
  const changes = verbsOf(recorded)
    .slice(before)
    .filter((verb) => !/^(?:showvminfo|list) /.test(verb));
  expect(changes).toEqual([`startvm ${m.id} --type`]);
  expect((await stat(machineFiles(recorded.host, m.name).base)).size).toBeGreaterThan(0);
});
