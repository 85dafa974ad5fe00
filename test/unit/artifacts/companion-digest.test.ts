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
  expect(companionDigest(text, "etcd.tar.gz")).toBe(a);
});

test.each([
  ["nothing", ""],
  ["HTML", "<html></html>"],
  ["another file's", `${a}  other.tar.gz\n`],
  ["a file whose name only ends so", `${a}  not-etcd.tar.gz\n`],
  ["a short digest", "abc"],
])("%s gives none", (_name, text) => {
  expect(companionDigest(text, "etcd.tar.gz")).toBeUndefined();
});
