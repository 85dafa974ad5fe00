import { specSurroundings } from "../../../src/cluster/spec/surroundings.ts";
import type { SpecSurroundings } from "../../../src/spec/field.ts";

/** A host and registries with known contents; the catalogue is the real one. */
export const surroundingsOf = (more: Partial<SpecSurroundings> = {}): SpecSurroundings => ({
  ...specSurroundings(),
  capacity: { cpus: 8, memoryMiB: 16_384 },
  drivers: ["podman", "docker"],
  runtimes: ["containerd"],
  whatBecameOf: (name) => (name === "rkt" ? "it was given up" : undefined),
  ociRuntimes: ["crun", "runsc"],
  addons: ["ingress", "metrics"],
  driverOptions: {},
  ...more,
});
