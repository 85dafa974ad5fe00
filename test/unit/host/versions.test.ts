import { expect, test } from "vitest";
import { compareReleases, compareVersions } from "../../../src/host/versions.ts";

test("releases are compared by their numbers", () => {
  expect(compareReleases("1.10.0", "1.9.9")).toBeGreaterThan(0);
  expect(compareReleases("3.5", "3.5.0")).toBe(0);
  expect(compareReleases("v1.36.2", "1.37")).toBeLessThan(0);
  expect(compareReleases("2.0.0-rc.3", "2.0.0")).toBe(0);
});

test("a candidate is older than its release, and its number counts", () => {
  const ordered = ["v1.36.10", "v1.37.0-alpha.3", "v1.37.0-rc.2", "v1.37.0-rc.10", "v1.37.0", "v1.37.1-rc.0"];
  for (const [index, version] of ordered.entries()) {
    expect(compareVersions(version, version)).toBe(0);
    for (const newer of ordered.slice(index + 1)) {
      expect(compareVersions(version, newer), `${version} ${newer}`).toBeLessThan(0);
      expect(compareVersions(newer, version), `${newer} ${version}`).toBeGreaterThan(0);
    }
  }
});
