import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { driverSuite } from "../contract/driver-suite.ts";
import { vmOperations } from "../contract/driver-suite-vm.ts";
import { makeRig } from "../rigs/vmware/make-rig.ts";
import { vmwareUnderTest } from "./kit/vmware-under-test.ts";

const rig = await makeRig();
// As unlike a plain path as a user's may be.
const stateDir = mkdtempSync(join(tmpdir(), `localkube-vmware "ü" it's, `));
const subject = vmwareUnderTest(stateDir, rig);

afterAll(async () => {
  await rig.dispose();
  await rm(stateDir, { recursive: true, force: true });
}, 60_000);

describe("the driver contract", () => driverSuite(subject, "localkube-vtest", vmOperations));
