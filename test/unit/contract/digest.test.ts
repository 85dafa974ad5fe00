import { expect, test } from "vitest";
import { formatDigest, parseDigest, sameDigest, sha256Digest } from "../../../src/contract/digest.ts";

const a = "a".repeat(64);

test.each([
  [`sha256:${a}`, { algorithm: "sha256", hex: a }],
  [`sha512:${a}${a}`, { algorithm: "sha512", hex: a + a }],
])("%s is read and written", (text, digest) => {
  const parsed = parseDigest(text);
  expect(parsed).toEqual(digest);
  expect(parsed && formatDigest(parsed)).toBe(text);
});

test.each([
  "",
  a,
  `sha256=${a}`,
  `sha256:${a}a`,
  `sha512:${a}`,
  `sha256:${a.toUpperCase()}`,
  `sha256:../${"a".repeat(61)}`,
  `md5:${"a".repeat(32)}`,
  `sha256:${a}\n`,
])("'%s' is no digest", (text) => expect(parseDigest(text)).toBeUndefined());

test("digests are the same when algorithm and content are", () => {
  expect(sameDigest(sha256Digest(a), sha256Digest(a))).toBe(true);
  expect(sameDigest(sha256Digest(a), sha256Digest("b".repeat(64)))).toBe(false);
  expect(sameDigest(sha256Digest(a), { algorithm: "sha512", hex: a })).toBe(false);
});
