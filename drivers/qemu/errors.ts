import { errorsOf } from "../../src/contract/errors/localkube-error.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

/** What only this driver can report; see src/contract/errors for what all drivers share. */
export const qemuErrors = {
  QEMU_ACCEL_UNKNOWN: {
    exit: exitCodes.usage,
    title: "LOCALKUBE_QEMU_ACCEL is '{value}', which is not an accelerator",
    fix: "Set it to one of {known}, or unset it",
  },
} as const satisfies ErrorTable;

export const QemuError = errorsOf(qemuErrors);
