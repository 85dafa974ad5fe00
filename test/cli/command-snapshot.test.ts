import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment, projectRoot, run, temporaryHome } from "./run-localkube.ts";

const check = (root: string, home: string) =>
  run(process.execPath, [join(root, "scripts/command-docs.mjs"), "--check"], cleanEnvironment(home));

test("commands, flags and docs/commands.md are as reviewed (else: npm run snapshot, and review)", async () => {
  const { exitCode, stderr } = await check(projectRoot, await temporaryHome());
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});

test("a changed flag is noticed", async () => {
  const home = await temporaryHome();
  const copy = join(home, "project");
  for (const file of ["scripts/command-docs.mjs", "docs/commands.md", "test/cli/command-snapshot.json"])
    await cp(join(projectRoot, file), join(copy, file), { recursive: true });
  await mkdir(join(copy, "node_modules"));
  await symlink(join(projectRoot, "node_modules/prettier"), join(copy, "node_modules/prettier"));
  const manifest = await readFile(join(projectRoot, "oclif.manifest.json"), "utf8");
  await writeFile(join(copy, "oclif.manifest.json"), manifest.replaceAll('"verbose"', '"loud"'));
  const { exitCode, stderr } = await check(copy, home);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("test/cli/command-snapshot.json");
  expect(stderr).toContain("docs/commands.md");
});
