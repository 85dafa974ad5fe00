/**
 * Negative when `a` is the older of two releases like `1.6.20` or `v1.36.2`, positive when it is the newer; what follows a dash (`-rc.1`) is left
 * out. Missing parts count as 0.
 */
export function compareReleases(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((text) =>
    text
      .replace(/^v|-.*$/g, "")
      .split(".")
      .map(Number),
  );
  for (const index of [0, 1, 2]) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** As `compareReleases`, but a candidate (`v1.37.0-rc.1`) is older than its release, and candidates have an order of their own. */
export function compareVersions(a: string, b: string): number {
  const release = compareReleases(a, b);
  if (release !== 0) return release;
  const [left = "", right = ""] = [a, b].map((text) => /-(.*)$/.exec(text)?.[1] ?? "");
  if (left === "" || right === "") return Number(left === "") - Number(right === "");
  return left.localeCompare(right, "en", { numeric: true });
}
