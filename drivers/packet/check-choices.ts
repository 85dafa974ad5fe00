import type { MachineCost } from "../../src/contract/driver.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi, PlaceChoice } from "./api/packet-api.ts";
import type { Device, OperatingSystem, Place, Plan } from "./api/shapes.ts";
import { PacketError } from "./errors.ts";
import { isId, listed, type PacketSettings, unknownChoice } from "./settings.ts";

/** Everything a device is created from, as known to the API. */
export interface Choices {
  readonly project: string;
  readonly plan: Plan;
  readonly place: PlaceChoice;
  readonly placeEntry: Place;
  readonly operatingSystem: OperatingSystem;
}

/** The named project, or the only one the token has access to. Rejects with PACKET_PROJECT_UNCLEAR or the API's failure. */
export async function chooseProject(
  api: PacketApi,
  settings: PacketSettings,
  c: ApiContext,
): Promise<string> {
  const wanted = settings.project;
  if (wanted && isId(wanted)) return (await api.project(wanted, c)).id;
  const projects = await api.projects(c);
  const named = wanted ? projects.filter(({ name }) => name === wanted) : projects;
  const [only] = named;
  if (only && named.length === 1) return only.id;
  const known = projects.map(({ id, name }) => (name ? `${id} (${name})` : id));
  if (wanted && !only) throw unknownChoice("packet-project", wanted, "there is no such project", known);
  throw new PacketError("PACKET_PROJECT_UNCLEAR", { count: named.length, known: listed(known) });
}

/**
 * Looks up plan, location and operating system, and whether they can be combined, before anything is created. Rejects with
 * PACKET_CHOICE_MISSING, PACKET_CHOICE_UNKNOWN or PACKET_RESERVATION_UNUSABLE.
 */
export async function checkChoices(
  api: PacketApi,
  settings: PacketSettings,
  project: string,
  c: ApiContext,
): Promise<Choices> {
  const { place } = settings;
  const plans = await api.plans(project, c);
  const systems = await api.operatingSystems(c);
  const places = await (place?.kind === "facility" ? api.facilities(c) : api.metros(c));
  const reserved = await reservedPlan(api, settings, c);
  const plan = choose("packet-plan", "plan", settings.plan ?? reserved, plans, ({ slug }) => slug);
  const kind = place?.kind ?? "metro";
  const placeEntry = choose(`packet-${kind}`, kind, place?.code, places, ({ code }) => code);
  const system = settings.operatingSystem;
  const operatingSystem = choose("packet-os", "operating system", system, systems, ({ slug }) => slug);
  const { slug } = plan;
  if (operatingSystem.provisionable_on?.length && !operatingSystem.provisionable_on.includes(slug)) {
    const others = systems
      .filter(({ provisionable_on: on }) => on?.includes(slug))
      .map((other) => other.slug);
    throw unknownChoice("packet-os", system, `it does not run on the plan ${slug}`, others);
  }
  if (reserved && reserved !== slug)
    throw unknownChoice("packet-plan", slug, "the hardware reservation is of another plan", [reserved]);
  if (!offeredIn(plan, kind, placeEntry)) {
    const others = places.filter((other) => offeredIn(plan, kind, other)).map(({ code }) => code);
    throw unknownChoice(`packet-${kind}`, placeEntry.code, `there is no ${slug}`, others);
  }
  return { project, plan, place: { kind, code: placeEntry.code }, placeEntry, operatingSystem };
}

/** A server must be available, unless it is a reserved one. Rejects with PACKET_NO_CAPACITY. */
export async function checkCapacity(
  api: PacketApi,
  settings: PacketSettings,
  { plan, place }: Choices,
  c: ApiContext,
): Promise<void> {
  if (settings.reservation || (await api.hasCapacity(plan.slug, place, c))) return;
  throw new PacketError("PACKET_NO_CAPACITY", { plan: plan.slug, place: place.code });
}

/** What the plan says about that location, by id or by the last segment of its address. */
function planInPlace(plan: Plan, kind: PlaceChoice["kind"], { id }: Pick<Place, "id">) {
  const offers = kind === "metro" ? plan.available_in_metros : plan.available_in;
  return { offers, offer: offers?.find((one) => one.id === id || one.href?.split("/").at(-1) === id) };
}

/** As far as we can tell, a plan without a list is offered everywhere. */
function offeredIn(plan: Plan, kind: PlaceChoice["kind"], place: Place): boolean {
  const { offers, offer } = planInPlace(plan, kind, place);
  return !offers?.length || offer !== undefined;
}

function choose<T>(
  flag: string,
  what: string,
  value: string | undefined,
  all: readonly T[],
  nameOf: (one: T) => string,
): T {
  const known = all.map(nameOf).toSorted();
  if (!value)
    throw new PacketError("PACKET_CHOICE_MISSING", { what, flag: `--${flag}`, known: listed(known) });
  const found = all.find((one) => nameOf(one) === value);
  if (!found) throw unknownChoice(flag, value, `there is no such ${what}`, known);
  return found;
}

/** Slug of the plan the reservation is for, if it says so. */
async function reservedPlan(
  api: PacketApi,
  { reservation }: PacketSettings,
  c: ApiContext,
): Promise<string | undefined> {
  if (!reservation || reservation === "next-available") return undefined;
  const { provisionable, plan } = await api.reservation(reservation, c);
  if (provisionable === false)
    throw new PacketError("PACKET_RESERVATION_UNUSABLE", { id: reservation, problem: "it is in use" });
  return plan?.slug ?? undefined;
}

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
