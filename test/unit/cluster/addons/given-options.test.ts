import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { parseAddon } from "../../../../src/addons/definition.ts";
import {
  readSetFiles,
  refuseOpenSecrets,
  withOptions,
} from "../../../../src/cluster/addons/given-options.ts";

const file = async (content: string | Buffer): Promise<string> => {
  const path = join(await mkdtemp(join(tmpdir(), "set-file-")), "value=1.txt");
  await writeFile(path, content);
  return path;
};

describe("--set-file", () => {
  test.each([
    ["secret\n", "secret"],
    ["two\nlines\n\n", "two\nlines\n"],
    ["none", "none"],
    [" windows \r\n", " windows "],
    ["", ""],
  ])("%j is the value %j", async (content, value) => {
    expect(await readSetFiles([`web.key=${await file(content)}`])).toEqual({ web: { key: value } });
  });

  test("- is standard input, once", async () => {
    expect(await readSetFiles(["web.key=-"], Readable.from(["a", "b\n"]))).toEqual({ web: { key: "ab" } });
    await expect(readSetFiles(["web.key=-", "web.other=-"], Readable.from(["a"]))).rejects.toThrow(
      /--set-file web\.other: standard input is another option's already/,
    );
  });

  test.each([
    ["what is no text", Buffer.from([0x68, 0xff]), /it is no text in UTF-8/],
    ["what is too large", "x".repeat(256 * 1024 + 1), /it is larger than 256 KiB/],
  ])("%s is refused", async (_name, content, problem) => {
    await expect(readSetFiles([`web.key=${await file(content)}`])).rejects.toThrow(problem);
  });

  test.each([
    [
      "web.key=/no/such/file",
      /The file \/no\/such\/file for the option key of the addon web cannot be used: ENOENT/,
    ],
    ["web.key=/", /cannot be used: EISDIR/],
    ["web.key", /--set-file web\.key: '=' is missing/],
  ])("%s is refused", async (text, problem) => {
    await expect(readSetFiles([text])).rejects.toThrow(problem);
  });

  test("an endless file is not read to its end", async () => {
    await expect(readSetFiles(["web.key=/dev/zero"])).rejects.toThrow(/larger than 256 KiB/);
  });
});

test("options of a file come before those of --set", () => {
  expect(withOptions({ a: { x: "1", y: "1" }, b: { z: "1" } }, { a: { x: "2" }, c: {} })).toEqual({
    a: { x: "2", y: "1" },
    b: { z: "1" },
    c: {},
  });
});

test("only secrets of known addons are refused in the open, without their values", () => {
  const content = {
    ...{ name: "web", summary: "web", licence: "MIT", homepage: "https://example.org", namespace: "web" },
    ...{ memoryMiB: 1, versions: [{ kubernetes: ">=1.20", artifacts: "debian", version: "1" }] },
    probe: { type: "http", service: "web", port: 80 },
    options: { key: { type: "text", secret: true, why: "Who may" }, size: { type: "size", why: "How much" } },
  };
  const known = [{ folder: "web", addon: parseAddon(content, { folder: "web", name: "web" }) }];
  refuseOpenSecrets({ web: { size: "1Gi" }, other: { key: "x" } }, known, "by --set");
  expect(() => refuseOpenSecrets({ web: { key: "hidden" } }, known, "by --set")).toThrow(
    /^The option key of the addon web is a secret: it cannot be given by --set$/,
  );
});
