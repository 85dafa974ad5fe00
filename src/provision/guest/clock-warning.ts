import type { GuestFacts } from "./guest-facts.ts";

const toleratedSeconds = 2;

/** A sentence for the user when the guest's clock differs from this host's by more than two seconds; certificates and leases suffer. */
export function clockWarning({
  clockAheadSeconds,
}: Pick<GuestFacts, "clockAheadSeconds">): string | undefined {
  const seconds = Math.abs(clockAheadSeconds);
  if (seconds <= toleratedSeconds) return undefined;
  const direction = clockAheadSeconds > 0 ? "ahead of" : "behind";
  return `the machine's clock is ${seconds} s ${direction} this host's: certificates may not be valid yet or any more`;
}
