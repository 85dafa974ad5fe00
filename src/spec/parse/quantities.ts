import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { minimumMemoryMiB } from "../../host/capacity.ts";

const mebibytes: Readonly<Record<string, number>> = { "": 1, k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/** CPUs as a whole number, 1 or more. Throws CPUS_INVALID. */
export function parseCpus(value: string | number): number {
  const cpus = wholeNumber(value);
  if (cpus === undefined || cpus < 1) throw new LocalkubeError("CPUS_INVALID", { value });
  return cpus;
}

/**
 * MiB from `4G`, `4Gi`, `4096m`, `4096MB` or a plain number of MiB; units are powers of 1024, as in every hypervisor.
 * Throws MEMORY_INVALID or MEMORY_TOO_SMALL.
 */
export function parseMemory(value: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b?)?)?$/i.exec(String(value).trim());
  const factor = mebibytes[(match?.[2] ?? "").toLowerCase()];
  if (!match || factor === undefined) throw new LocalkubeError("MEMORY_INVALID", { value });
  const memoryMiB = Math.floor(Number(match[1]) * factor);
  if (memoryMiB < minimumMemoryMiB)
    throw new LocalkubeError("MEMORY_TOO_SMALL", { memoryMiB, minimumMiB: minimumMemoryMiB });
  return memoryMiB;
}

/** Enough for the system, Kubernetes and a few images; more than 100 TiB is certainly a mistake. */
const [smallestDiskGiB, largestDiskGiB] = [5, 102_400];

/** GiB from `20G`, `20Gi`, `1T` or a plain number of GiB. Throws DISK_SIZE_INVALID. */
export function parseDiskSize(value: string | number): number {
  const match = /^(\d{1,6})\s*(?:([gt])(?:i?b?)?)?$/i.exec(String(value).trim());
  const gibibytes = Number(match?.[1]) * (match?.[2]?.toLowerCase() === "t" ? 1024 : 1);
  if (!match || gibibytes < smallestDiskGiB || gibibytes > largestDiskGiB)
    throw new LocalkubeError("DISK_SIZE_INVALID", { value, smallest: smallestDiskGiB });
  return gibibytes;
}

/** Parser of a flag whose value is a TCP port or 0 for any free one. It throws PORT_INVALID. */
export const parsePort =
  (flag: string) =>
  (value: string | number): number => {
    const port = wholeNumber(value);
    if (port === undefined || port > 65_535) throw new LocalkubeError("PORT_INVALID", { value, flag });
    return port;
  };

/** Seconds from `360`, `360s`, `6m`, `1h30m`. Throws WAIT_TIMEOUT_INVALID. */
export function parseWaitTimeout(value: string | number): number {
  const text = String(value).trim();
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(text);
  const [hours = 0, minutes = 0, seconds = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const total = hours * 3600 + minutes * 60 + seconds;
  if (total < 1 || !Number.isSafeInteger(total)) throw new LocalkubeError("WAIT_TIMEOUT_INVALID", { value });
  return total;
}

/** Parser of a switch from a flag, or from settings, where it is text. It throws SWITCH_INVALID. */
export const parseSwitch =
  (flag: string) =>
  (value: string | boolean): boolean => {
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    throw new LocalkubeError("SWITCH_INVALID", { value, flag: `--${flag}` });
  };

function wholeNumber(value: string | number): number | undefined {
  return /^\d{1,9}$/.test(String(value).trim()) ? Number(value) : undefined;
}
