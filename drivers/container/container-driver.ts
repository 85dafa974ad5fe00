import type { DriverDefinition } from "../../src/contract/driver.ts";
import { createMachine } from "./create-machine.ts";
import { type EngineDialect, openEngine } from "./engine.ts";
import { listMachines } from "./list-machines.ts";
import { removeImages } from "./machine-image.ts";
import { diagnoseMachine, machineState } from "./machine-state.ts";
import { probeEngine } from "./probe-engine.ts";
import { removeEverything, removeRecorded } from "./remove-machine.ts";
import { startMachine } from "./start-machine.ts";
import { stopMachine } from "./stop-machine.ts";

/** A driver whose machine is a container with systemd and sshd; podman and docker differ only in their dialect. */
export function containerDriver(dialect: EngineDialect): DriverDefinition {
  return {
    apiVersion: 1,
    name: dialect.program,
    summary: `A container with systemd and sshd as the machine, run by ${dialect.program}`,
    priority: dialect.program === "podman" ? "default" : "fallback",
    capabilities: {
      resources: "shared",
      origin: "created",
      bootMs: 170_000,
      answerMs: 3000,
      firewall: "none",
      hasOwnClock: false,
      firstBootByProvider: false,
      powerButton: true,
      forwardsApi: true,
      image: "rootfs",
      suspend: false,
      snapshot: false,
      resize: false,
      volumes: false,
    },
    probe: (host) => probeEngine(dialect, host),
    open(host) {
      const engine = openEngine(dialect, host);
      return {
        create: (spec, c) => createMachine(engine, spec, c),
        start: (machine, c) => startMachine(engine, machine, c),
        stop: (machine, c) => stopMachine(engine, machine.name, c),
        remove: (machine, c) => removeRecorded(engine, machine, c),
        removeByName: (name, c) => removeEverything(engine, name, c),
        state: (machine, c) => machineState(engine, machine.name, c),
        diagnose: (machine, c) => diagnoseMachine(engine, machine.name, c),
        purge: (c) => removeImages(engine, c),
        list: (c) => listMachines(engine, c),
      };
    },
  };
}
