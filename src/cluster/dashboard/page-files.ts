import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../host/package-root.ts";
import type { PageFile } from "./server.ts";

const types = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

/** The built page, from dist. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const folder = join(packageRoot(), "dist/page");
  const files = Object.entries(types).map(async ([name, type]): Promise<[string, PageFile]> => [
    name,
    { type, content: await readFile(join(folder, name)) },
  ]);
  return new Map(await Promise.all(files));
}
