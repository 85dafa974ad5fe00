import { expect, test } from "vitest";
import type { DriverDefinition, Probe } from "../../../src/contract/driver.ts";
import { bestDriver, bestFirst, loadDriver } from "../../../src/machine/driver-registry.ts";

const qemu = await loadDriver("qemu");
const podman = await loadDriver("podman");
const docker = await loadDriver("docker");
const virtualbox = await loadDriver("virtualbox");
const vmware = await loadDriver("vmware");
const ssh = await loadDriver("ssh");
const packet = { ...docker, name: "packet", priority: "named" as const };
const works: Probe = { usable: true, version: "7.2" };
const emulated: Probe = { ...works, emulated: "there is no /dev/kvm" };
const missing: Probe = { usable: false, problem: "not installed", fix: "apt", packages: ["it"] };
const dead: Probe = { usable: false, problem: "its daemon does not run", fix: "start it" };

type Answer = readonly [DriverDefinition, Probe];
const choose = (...answers: readonly Answer[]) =>
  bestDriver(bestFirst(answers.map(([definition, probe]) => ({ definition, probe }))));

test.each<{ what: string; name: string; answers: readonly Answer[] }>([
  {
    what: "an accelerated virtual machine",
    name: "qemu",
    answers: [
      [qemu, works],
      [podman, works],
      [docker, works],
    ],
  },
  {
    what: "containers before an emulated machine",
    name: "podman",
    answers: [
      [qemu, emulated],
      [podman, works],
      [docker, works],
    ],
  },
  {
    what: "any virtual machine at the processor's own speed before containers",
    name: "virtualbox",
    answers: [
      [qemu, emulated],
      [virtualbox, works],
      [vmware, works],
      [podman, works],
    ],
  },
  {
    what: "VMware when it is the only one of them that works",
    name: "vmware",
    answers: [
      [qemu, missing],
      [virtualbox, dead],
      [vmware, works],
      [podman, works],
    ],
  },
  {
    what: "an emulated machine when nothing else works",
    name: "qemu",
    answers: [
      [qemu, emulated],
      [podman, dead],
      [docker, dead],
    ],
  },
  {
    what: "what works before what could be installed",
    name: "docker",
    answers: [
      [qemu, missing],
      [podman, missing],
      [docker, works],
    ],
  },
  {
    what: "what can be installed when nothing works",
    name: "podman",
    answers: [
      [qemu, dead],
      [podman, missing],
      [docker, dead],
    ],
  },
])("auto takes $what", ({ name, answers }) => {
  expect(choose(...answers).definition.name).toBe(name);
});

test("auto never takes what costs money or is somebody's host, and says why nothing works", () => {
  const call = () => choose([packet, works], [ssh, works], [qemu, dead], [podman, dead]);
  expect(call).toThrow(expect.objectContaining({ id: "DRIVER_NONE_USABLE" }) as Error);
  expect(call).toThrow(/its daemon does not run/);
});

test("the reason names what was chosen, that it is slow, and why not the others", () => {
  const { reason } = choose([qemu, emulated], [podman, dead]);
  expect(reason).toContain("driver qemu: qemu 7.2 works here (slow");
  expect(reason).toContain("there is no /dev/kvm");
  expect(reason).toContain("podman: its daemon does not run");
  expect(choose([qemu, emulated], [podman, works]).reason).toContain("qemu: would be slow");
});
