import { expect, test } from "vitest";
import { companionDigest } from "../../../src/artifacts/companion-digest.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);

test.each([
  ["a bare digest", a],
  ["a bare digest with line end", `${a}\n`],
  ["a sha256sum line", `${a}  etcd.tar.gz\n`],
  ["a binary sha256sum line", `${a} *etcd.tar.gz\n`],
  ["one of many", `${b}  etcd.zip\r\n${a}  ./etcd.tar.gz\r\n`],
  ["capitals", a.toUpperCase()],
])("%s is read", (_name, text) => {
  expect(companionDigest(text, "etcd.tar.gz")).toEqual({ algorithm: "sha256", hex: a });
});

const long = "c".repeat(128);

test.each([
  ["a bare SHA-512", long],
  ["SHA512SUMS", `${b.repeat(2)}  debian.raw\n${long}  etcd.tar.gz\n`],
  [
    "Flatcar's DIGESTS",
    [
      "# MD5 HASH",
      `${"1".repeat(32)}  etcd.tar.gz`,
      "# SHA1 HASH",
      `${"2".repeat(40)}  etcd.tar.gz`,
      "# SHA512 HASH",
      `${long}  etcd.tar.gz`,
      "",
    ].join("\n"),
  ],
  [
    "one of several algorithms",
    `# BLAKE2B HASH\n${b.repeat(2)}  etcd.tar.gz\n# SHA512 HASH\n${long}  etcd.tar.gz\n`,
  ],
])("SHA-512: %s is read", (_name, text) => {
  expect(companionDigest(text, "etcd.tar.gz")).toEqual({ algorithm: "sha512", hex: long });
});

test.each([
  ["nothing", ""],
  ["MD5 and SHA-1 alone", `${"1".repeat(32)}  etcd.tar.gz\n${"2".repeat(40)}  etcd.tar.gz\n`],
  ["HTML", "<html></html>"],
  ["another file's", `${a}  other.tar.gz\n`],
  ["a file whose name only ends so", `${a}  not-etcd.tar.gz\n`],
  ["a short digest", "abc"],
])("%s gives none", (_name, text) => {
  expect(companionDigest(text, "etcd.tar.gz")).toBeUndefined();
});
