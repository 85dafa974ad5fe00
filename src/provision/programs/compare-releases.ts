/** Negative when `a` is the older of two releases like `1.6.20`; what follows a dash (`-rc.1`) is left out. Missing parts count as 0. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.split("-")[0] ?? "").split(".").map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
