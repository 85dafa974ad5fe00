import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { driverSuite } from "../contract/driver-suite.ts";
import { vmOperations } from "../contract/driver-suite-vm.ts";
import { qemuUnderTest } from "./kit/qemu-under-test.ts";

const stateDir = mkdtempSync(join(tmpdir(), "localkube-qemu-"));
const subject = qemuUnderTest(stateDir);

afterAll(() => rm(stateDir, { recursive: true, force: true }));

describe("the driver contract", () => driverSuite(subject, "localkube-qtest", vmOperations));
