import { expect, test } from "vitest";
import { parseImageAddress, withoutSecrets } from "../../../../src/artifacts/disk-image/image-address.ts";

const a = "a".repeat(64);
const b = "b".repeat(128);

test.each([
  ["https://example.org/disk.qcow2", undefined],
  [`https://example.org/disk.qcow2#sha256=${a}`, { algorithm: "sha256", hex: a }],
  [`https://example.org/disk.qcow2#SHA256:${a.toUpperCase()}`, { algorithm: "sha256", hex: a }],
  [`http://127.0.0.1:8000/disk.qcow2?version=2#sha512=${b}`, { algorithm: "sha512", hex: b }],
])("%s", (text, expected) => {
  const address = parseImageAddress(text);
  expect(address.digest).toEqual(expected);
  expect(address.url.href).toBe(text.split("#")[0]);
});

test.each([
  ["https://", "malformed"],
  ["https://me:secret@:0:0/disk", "malformed"],
  ["ftp://example.org/disk", "only http and https"],
  ["file:///disk", "only http and https"],
  ["https://me:secret@example.org/disk", "user's name or password"],
  ["https://example.org/disk#md5=00", "neither sha256=HEX nor sha512=HEX"],
  [`https://example.org/disk#${a}`, "neither sha256=HEX nor sha512=HEX"],
  ["https://example.org/disk#sha256=abc", "a sha256 has 64 hex digits, this one has 3"],
  [`https://example.org/disk#sha512=${a}`, "a sha512 has 128 hex digits, this one has 64"],
])("'%s' is refused: %s", (text, problem) => {
  const parse = () => parseImageAddress(text);
  expect(parse).toThrow(expect.objectContaining({ id: "IMAGE_ADDRESS_INVALID" }));
  expect(parse).toThrow(problem);
  expect(parse).not.toThrow(/secret/);
});

test("messages have no key of a signed address", () => {
  expect(withoutSecrets(new URL("https://example.org:8443/a/disk?sig=secret"))).toBe(
    "https://example.org:8443/a/disk",
  );
});
