import { expect, it } from "vitest";
import { processMarker } from "../../../../src/machine/ssh/process-group.ts";

const word = (prefix: string) => /localkube-pid-\w+/.exec(prefix)![0];

it("finds the process id and leaves the rest as it was, however the bytes are cut", async () => {
  for (let size = 1; size < 60; size += 1) {
    const marker = processMarker();
    const bytes = Buffer.from(`rc noise\n${word(marker.prefix)} 4711\nreal ütput`);
    let out = Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += size)
      out = Buffer.concat([out, marker.filter(bytes.subarray(at, at + size))]);
    expect(Buffer.concat([out, marker.end()]).toString()).toBe("rc noise\nreal ütput");
    expect(await marker.pid).toBe(4711);
  }
});

it("another call's line is not ours, and what was held back is not lost", async () => {
  const marker = processMarker();
  const foreign = `${word(processMarker().prefix)} 1\n`;
  expect(marker.filter(Buffer.from(foreign)).length).toBe(0);
  expect(marker.end().toString()).toBe(foreign);
  expect(await marker.pid).toBeUndefined();
});

it("holds back no more than 64 KiB", () => {
  const marker = processMarker();
  const flood = Buffer.alloc(70_000, 97);
  expect(marker.filter(flood).equals(flood)).toBe(true);
});
