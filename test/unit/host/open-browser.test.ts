import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { urlOf } from "../../../src/cluster/addons/open.ts";
import { openBrowser } from "../../../src/host/open-browser.ts";

async function desktop(): Promise<{ readonly folder: string; readonly seen: string }> {
  const folder = await mkdtemp(join(tmpdir(), "browser-"));
  const seen = join(folder, "seen");
  for (const name of ["xdg-open", "open"]) {
    const file = join(folder, name);
    await writeFile(
      file,
      `#!/bin/sh\necho "$0 $1 \${LOCALKUBE_SUDO_PASSWORD-none}" > ${seen}.part; /bin/mv ${seen}.part ${seen}\n`,
    );
    await chmod(file, 0o755);
  }
  return { folder, seen };
}

test.each([
  ["linux", "xdg-open", { DISPLAY: ":0" }],
  ["linux", "xdg-open", { WAYLAND_DISPLAY: "wayland-0" }],
  ["darwin", "open", {}],
] as const)("a desktop of %s gets the URL by %s, without our secrets", async (platform, program, env) => {
  const { folder, seen } = await desktop();
  const host = { env: { PATH: folder, LOCALKUBE_SUDO_PASSWORD: "hidden", ...env } };
  expect(await openBrowser("http://127.0.0.1:1/a", host, platform)).toBe(true);
  const text = await vi.waitFor(() => readFile(seen, "utf8"), { timeout: 5000 });
  expect(text).toBe(`${join(folder, program)} http://127.0.0.1:1/a none\n`);
});

test("without a desktop nothing is opened", async () => {
  const { folder } = await desktop();
  expect(await openBrowser("http://127.0.0.1:1/", { env: { PATH: folder } }, "linux")).toBe(false);
});

test.each([
  [{ service: "a", port: 80, path: "/" }, "http://127.0.0.1:5000/"],
  [{ service: "a", port: "https", path: "/ui/?a=b" }, "https://127.0.0.1:5000/ui/?a=b"],
  [{ service: "a", port: 443, path: "x" }, "https://127.0.0.1:5000/x"],
])("%j is shown at %s", (open, url) => {
  expect(urlOf(open, 5000)).toBe(url);
});
