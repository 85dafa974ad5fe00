import { createHash } from "node:crypto";

/** Always the same address for the same machine and interface: locally administered, with QEMU's usual prefix 52:54:00. */
export function macAddress(machine: string, index: number): string {
  const [a, b, c] = createHash("sha256").update(`${machine}/${index}`).digest();
  return ["52", "54", "00", ...[a!, b!, c!].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}
