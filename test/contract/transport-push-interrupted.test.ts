import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { pushPlace, sha256 } from "./transport-push-place.ts";
import { eventually, rejection } from "./transport-sshd.ts";

const place = pushPlace();

describe("an interrupted push leaves no half file", () => {
  const bytes = randomBytes(30_000_000);
  const manifest = () => [place.file("big", bytes), place.text("small", "new")];
  beforeEach(async () => {
    await place.transport.push([place.text("big", "old big"), place.text("small", "old")]);
  });
  const untouched = () => expect([place.read("big"), place.read("small")]).toEqual(["old big", "old"]);
  const at = (limit: number, action: () => void) => ({
    onProgress: (sent: number) => {
      if (sent > limit) action();
    },
  });

  it("when the caller gives up", async () => {
    const giveUp = new AbortController();
    const push = place.transport.push(manifest(), {
      signal: giveUp.signal,
      ...at(10_000_000, () => giveUp.abort(new Error("Ctrl-C"))),
    });
    await expect(push).rejects.toThrow("Ctrl-C");
    untouched();
    expect(place.leftovers()).toEqual([]);
  });

  it("at its deadline", async () => {
    const error = await rejection(
      place.transport.push([place.file("huge", Buffer.alloc(200_000_000))], { timeoutMs: 250 }),
    );
    expect(error.id).toBe("SSH_COMMAND_TIMEOUT");
    expect(await eventually(() => place.leftovers().length === 0)).toBe(true);
    expect(existsSync(place.at("huge"))).toBe(false);
  });

  it("when the connection breaks; the next push succeeds", async () => {
    const error = await rejection(
      place.transport.push(
        manifest(),
        at(10_000_000, () => place.sshd.cutSessions()),
      ),
    );
    expect(error.id).toBe("SSH_CONNECTION_LOST");
    untouched();
    expect(await eventually(() => place.leftovers().length === 0)).toBe(true);
    expect((await place.transport.push(manifest())).changed.length).toBe(2);
    expect(sha256(readFileSync(place.at("big")))).toBe(sha256(bytes));
  });

  it("when the machine's side is killed; the next push, of anything, cleans up", async () => {
    let killed = false;
    const killAll = () => {
      if (killed) return;
      killed = true;
      for (const pid of place.scripts()) process.kill(pid, "SIGKILL");
    };
    const error = await rejection(place.transport.push(manifest(), at(10_000_000, killAll)));
    expect(error.id).toBe("SSH_PUSH_FAILED");
    untouched();
    expect(place.leftovers().length).toBeGreaterThan(0);
    expect(await eventually(() => place.scripts().length === 0)).toBe(true);
    await place.transport.push([place.text("elsewhere/unrelated", "x")]);
    expect(place.leftovers()).toEqual([]);
    untouched();
  });

  it("a push that is alive is not taken for a dead one", async () => {
    let other: Promise<unknown> | undefined;
    const push = place.transport.push(
      manifest(),
      at(10_000_000, () => {
        other ??= place.transport.push([place.text("meanwhile/x", "x")]);
      }),
    );
    expect((await push).changed.length).toBe(2);
    await other;
    expect(place.read("meanwhile/x")).toBe("x");
  });
});
