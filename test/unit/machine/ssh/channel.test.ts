import { expect, it } from "vitest";
import { channelSlots } from "../../../../src/machine/ssh/channel.ts";

const never = new AbortController().signal;
const tick = () => new Promise((resolve) => setImmediate(resolve));

it("hands out as many places as there are, then one for each given back, in order", async () => {
  const slots = channelSlots(2);
  const order: number[] = [];
  const first = await slots.acquire(never);
  await slots.acquire(never);
  const waiting = [1, 2].map((n) => slots.acquire(never).then((release) => (order.push(n), release)));
  await tick();
  expect(order).toEqual([]);
  first();
  first();
  await tick();
  expect(order).toEqual([1]);
  (await waiting[0]!)();
  await tick();
  expect(order).toEqual([1, 2]);
});

it("who gives up in the queue takes no place", async () => {
  const slots = channelSlots(1);
  const release = await slots.acquire(never);
  const giveUp = new AbortController();
  const quitter = slots.acquire(giveUp.signal);
  const patient = slots.acquire(never);
  giveUp.abort(new Error("enough"));
  await expect(quitter).rejects.toThrow("enough");
  await expect(slots.acquire(giveUp.signal)).rejects.toThrow("enough");
  release();
  expect(await patient).toBeTypeOf("function");
});
