/** What the paths of two trees of settings have in common: `sandbox_image`, as TOML has it, is `sandboxImage` in JSON. */
const plain = (key: string): string => key.replaceAll("_", "").toLowerCase();

/**
 * Paths of the values of `wanted` that `found` does not have, `cni.bin_dir`. What is in `found` besides does not count. `absent`: whether a value that
 * `found` does not name at all is lost too; programs tell some of their settings only. Pure.
 */
export function lostSettings(
  wanted: unknown,
  found: unknown,
  absent: "lost" | "unknown" = "lost",
  path: readonly string[] = [],
): readonly string[] {
  if (found === undefined || found === null) return absent === "lost" ? [path.join(".")] : [];
  if (!isTree(wanted)) return JSON.stringify(wanted) === JSON.stringify(found) ? [] : [path.join(".")];
  const known = new Map(
    isTree(found) ? Object.entries(found).map(([key, value]) => [plain(key), value]) : [],
  );
  return Object.entries(wanted).flatMap(([key, value]) =>
    lostSettings(value, known.get(plain(key)), absent, [...path, key]),
  );
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
