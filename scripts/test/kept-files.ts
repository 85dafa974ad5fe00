import type { Runs } from "./test-inputs.ts";

const child = "test/contract/driver-create-child.ts";

/**
 * Test files about stand-ins and firmware, which take minutes and whose outcome only changes with what they depend on: they run when that
 * changed since their last whole pass. Everything else always runs.
 */
export const keptFiles: Readonly<Record<string, Runs>> = {
  "test/contract/driver-packet.test.ts": { drivers: ["packet"], children: [child] },
  "test/contract/virtualbox-real.test.ts": {},
  "test/e2e/packet.test.ts": { program: true },
  "test/vm/driver-virtualbox.test.ts": { drivers: ["virtualbox"], children: [child] },
  "test/vm/driver-vmware.test.ts": { drivers: ["vmware"], children: [child] },
  "test/vm/firmware-boot.test.ts": {},
  "test/vm/main-job-virtualbox.test.ts": { program: true },
  "test/vm/main-job-vmware.test.ts": { program: true },
};
