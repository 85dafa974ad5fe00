import { expect, it } from "vitest";
import { lineSplitter } from "../../../../src/machine/ssh/line-splitter.ts";

it("gives whole lines however the bytes are cut", () => {
  const bytes = Buffer.from("öne\r\ntwo\n\nfour ☸");
  for (let size = 1; size <= bytes.length; size += 1) {
    const lines: string[] = [];
    const splitter = lineSplitter((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) splitter.write(bytes.subarray(at, at + size));
    expect(lines).toEqual(["öne", "two", ""]);
    splitter.end();
    splitter.end();
    expect(lines).toEqual(["öne", "two", "", "four ☸"]);
  }
});
