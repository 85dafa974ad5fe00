import type { DriverDefinition } from "../../src/contract/driver.ts";
import { createMachine } from "./create-machine.ts";
import { type EngineDialect, openEngine } from "./engine.ts";
import { diagnoseMachine, listMachines, machineState } from "./machine-state.ts";
import { removeImages } from "./machine-image.ts";
import { probeEngine } from "./probe-engine.ts";
import { removeEverything } from "./remove-machine.ts";
import { startMachine } from "./start-machine.ts";

/** A driver whose machine is a container with systemd and sshd; podman and docker differ in their dialect only. */
export function containerDriver(dialect: EngineDialect): DriverDefinition {
  return {
    apiVersion: 1,
    name: dialect.program,
    summary: `A container with systemd and sshd as the machine, run by ${dialect.program}`,
    priority: dialect.program === "podman" ? "default" : "fallback",
    capabilities: {
      isolation: "container",
      image: "rootfs",
      suspend: false,
      snapshot: false,
      resize: false,
      volumes: true,
      seed: "none",
    },
    probe: (host) => probeEngine(dialect, host),
    open(host) {
      const engine = openEngine(dialect, host);
      return {
        create: (spec, c) => createMachine(engine, spec, c),
        start: (machine, c) => startMachine(engine, machine, c),
        async stop(machine, c) {
          const state = await machineState(engine, machine.name, c);
          if (state === "absent" || state === "stopped") return;
          if (state === "paused") await engine.run(["unpause", machine.name], c);
          const seconds = Math.ceil(c.graceMs / 1000);
          // The engine itself kills after the grace time; ours is only for an engine that hangs.
          await engine.run(["stop", "--time", String(seconds), machine.name], {
            signal: c.signal,
            timeoutMs: c.graceMs + 30_000,
          });
        },
        remove: (machine, c) => removeEverything(engine, machine.name, c),
        removeByName: (name, c) => removeEverything(engine, name, c),
        state: (machine, c) => machineState(engine, machine.name, c),
        diagnose: (machine, c) => diagnoseMachine(engine, machine.name, c),
        purge: (c) => removeImages(engine, c),
        list: (c) => listMachines(engine, c),
      };
    },
  };
}
