import { createHash } from "node:crypto";

/** VMware accepts static addresses only from 00:50:56:00:00:00 to 00:50:56:3F:FF:FF. The same key always gives the same address. */
export function vmwareMac(key: string): string {
  const [a, b, c] = createHash("sha256").update(`mac ${key}`).digest();
  return ["00", "50", "56", ...[a! % 0x40, b!, c!].map((byte) => byte.toString(16).padStart(2, "0"))].join(
    ":",
  );
}
