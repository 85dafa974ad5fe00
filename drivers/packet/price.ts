import type { MachineCost } from "../../src/contract/driver.ts";
import { planInPlace } from "./check-choices.ts";
import type { Choices } from "./check-choices.ts";
import type { Device, Plan } from "./api/shapes.ts";
import type { PacketSettings } from "./settings.ts";

const currency = "USD";

/** What a server with these choices would cost, as far as the API reports it. */
export function priceOf(
  { spotPriceMax, reservation, billingCycle }: PacketSettings,
  { plan, place, placeEntry }: Choices,
): MachineCost {
  const what = `${plan.slug} in ${place.code}`;
  if (reservation) return { currency, note: `${what}, on the hardware reservation ${reservation}` };
  if (spotPriceMax !== undefined)
    return { currency, perHour: spotPriceMax, atMost: true, note: `${what}, spot market` };
  const perHour = planInPlace(plan, place.kind, placeEntry).offer?.price?.hour ?? plan.pricing?.hour;
  const note = `${what}, billed ${billingCycle}`;
  return typeof perHour === "number" ? { currency, perHour, note } : { currency, note };
}

/** The same for an existing device. */
export function priceOfDevice(device: Device): MachineCost {
  const since = device.created_at ? { since: device.created_at } : {};
  const where = device.metro?.code ?? device.facility?.code ?? "unknown place";
  const what = `${device.plan?.slug ?? "unknown plan"} in ${where}`;
  const ends = device.termination_time ? `, until ${device.termination_time}` : "";
  const bid = device.spot_instance ? device.spot_price_max : undefined;
  if (typeof bid === "number")
    return { currency, perHour: bid, atMost: true, ...since, note: `${what}, spot market${ends}` };
  const billed = `billed ${device.billing_cycle ?? "as agreed"}`;
  const note = `${what}, ${billed}, also while it is powered off${ends}`;
  const perHour = hourlyPrice(device);
  return { currency, ...(perHour === undefined ? {} : { perHour }), ...since, note };
}

/** For its location if the plan has a price for it, otherwise the plan's. */
function hourlyPrice({ plan, metro, facility }: Device): number | undefined {
  const priced: Plan = { ...plan, slug: plan?.slug ?? "" };
  const places = [
    ["metro", metro?.id],
    ["facility", facility?.id],
  ] as const;
  const offers = places.map(([kind, id]) => (id ? planInPlace(priced, kind, { id }).offer : undefined));
  const prices = [...offers.map((offer) => offer?.price?.hour), plan?.pricing?.hour];
  return prices.find((price) => typeof price === "number");
}
