import { mkdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withBuildLock } from "../../../src/artifacts/debian/build.ts";
import { tempContext } from "./temp-context.ts";

describe("withBuildLock", () => {
  it("lets one work at a time and tells the other that it waits", async () => {
    const { c, folder, reports } = await tempContext();
    const lock = join(folder, "build.lock");
    const order: string[] = [];
    const first = withBuildLock(lock, { subject: "Kubernetes" }, c, async () => {
      order.push("first begins");
      await sleep(300);
      order.push("first ends");
    });
    await sleep(100);
    const second = withBuildLock(lock, { subject: "Kubernetes" }, c, () =>
      Promise.resolve(order.push("second")),
    );
    await Promise.all([first, second]);
    expect(order).toEqual(["first begins", "first ends", "second"]);
    expect(reports).toContainEqual({ message: "waiting for another localkube that builds Kubernetes" });
  });

  it("is free again when the work failed", async () => {
    const { c, folder } = await tempContext();
    const lock = join(folder, "build.lock");
    await expect(
      withBuildLock(lock, { subject: "Kubernetes" }, c, () => Promise.reject(new Error("broken"))),
    ).rejects.toThrow("broken");
    expect(await withBuildLock(lock, { subject: "Kubernetes" }, c, () => Promise.resolve("done"))).toBe(
      "done",
    );
  });

  it("takes over the lock of a builder whose heartbeat stopped", async () => {
    const { c, folder } = await tempContext();
    const lock = join(folder, "build.lock");
    await mkdir(lock);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    expect(await withBuildLock(lock, { subject: "Kubernetes" }, c, () => Promise.resolve("done"))).toBe(
      "done",
    );
  });

  it("stops waiting when the command is interrupted", async () => {
    const { c, folder, controller } = await tempContext();
    const lock = join(folder, "build.lock");
    await withBuildLock(lock, { subject: "Kubernetes" }, c, async () => {
      const waiting = withBuildLock(lock, { subject: "Kubernetes" }, c, () => Promise.resolve());
      setTimeout(() => controller.abort(new Error("interrupted")), 100);
      await expect(waiting).rejects.toThrow("interrupted");
    });
  });
});
