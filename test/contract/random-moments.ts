/** The moments of a run are told in the tests' names, and `LOCALKUBE_TEST_SEED` repeats them. */
export const seed = Number(process.env["LOCALKUBE_TEST_SEED"] ?? Date.now() % 1_000_000);

/** `count` moments from 0 to `mostMs` (milliseconds), the same for the same seed and `stream`. */
export function randomMoments(count: number, mostMs: number, stream = 0): readonly number[] {
  let state = (seed + stream * 7919) | 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * mostMs);
  });
}
