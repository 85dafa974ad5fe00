import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe } from "vitest";
import { driverSuite } from "../contract/driver-suite.ts";
import { vmOperations } from "../contract/driver-suite-vm.ts";
import { virtualBoxRig } from "../rigs/virtualbox/virtualbox-rig.ts";
import { virtualBoxUnderTest } from "./kit/virtualbox-under-test.ts";

const rig = await virtualBoxRig();
// Of this file's own process: each test file has one.
process.env["LOCALKUBE_VBOXMANAGE"] = rig.front;
const stateDir = mkdtempSync(join(tmpdir(), "localkube state of «Zoë» "));
const subject = virtualBoxUnderTest(rig, stateDir);

afterAll(async () => {
  await rig.dispose();
  await rm(stateDir, { recursive: true, force: true });
});

describe("the driver contract", () => driverSuite(subject, "localkube-vboxtest", vmOperations));
