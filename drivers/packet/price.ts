import type { MachineCost } from "../../src/contract/driver.ts";
import { planInPlace } from "./check-choices.ts";
import type { Choices } from "./check-choices.ts";
import type { Device, Plan } from "./api/shapes.ts";
import type { PacketSettings } from "./settings.ts";

const currency = "USD";

/** What a server of these choices would cost, as far as the API tells. */
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

/** The same of a device that is there. */
export function priceOfDevice(device: Device): MachineCost {
  const { plan, metro, facility, spot_instance: spot, spot_price_max: bid } = device;
  const slug = plan?.slug ?? "unknown plan";
  const place = metro?.code ?? facility?.code ?? "unknown place";
  const since = device.created_at ? { since: device.created_at } : {};
  const ends = device.termination_time ? `, until ${device.termination_time}` : "";
  if (spot && typeof bid === "number")
    return {
      currency,
      perHour: bid,
      atMost: true,
      ...since,
      note: `${slug} in ${place}, spot market${ends}`,
    };
  const priced: Plan = {
    slug,
    pricing: plan?.pricing,
    available_in: plan?.available_in,
    available_in_metros: plan?.available_in_metros,
  };
  const offers = [
    metro?.id ? planInPlace(priced, "metro", { id: metro.id }).offer : undefined,
    facility?.id ? planInPlace(priced, "facility", { id: facility.id }).offer : undefined,
  ];
  const perHour =
    offers.find((offer) => typeof offer?.price?.hour === "number")?.price?.hour ?? plan?.pricing?.hour;
  const note = `${slug} in ${place}, billed ${device.billing_cycle ?? "as agreed"}, also while it is powered off${ends}`;
  return typeof perHour === "number" ? { currency, perHour, ...since, note } : { currency, ...since, note };
}
