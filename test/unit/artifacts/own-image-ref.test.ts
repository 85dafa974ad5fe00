import { expect, test } from "vitest";
import { ownImageRef } from "../../../src/artifacts/own-image-ref.ts";

test.each(["cluster-dns", "addon-programs", "pause", "busybox"])(
  "%s is known by its tag before it is made",
  async (name) => {
    expect(await ownImageRef(`localkube.local/${name}`)).toMatch(
      new RegExp(`^localkube\\.local/${name}:[\\w.-]+$`),
    );
  },
);

test("nothing else is", async () => {
  expect(await ownImageRef("localkube.local/no-such-image")).toBeUndefined();
  expect(await ownImageRef("registry.example/cluster-dns")).toBeUndefined();
});
