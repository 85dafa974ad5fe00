import type { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { PlaceChoice } from "./api/packet-api.ts";
import { PacketError } from "./errors.ts";

/** How this computer reaches an API; stored with the machine, so that later commands need no flags. Contains file names, no secrets. */
export interface ApiAccess {
  /** Ends with a slash. */
  readonly endpoint: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** What the options of a new machine request, validated as far as possible without the API. */
export interface PacketSettings {
  readonly access: ApiAccess;
  readonly project?: string;
  /** When missing, the error lists the available choices. */
  readonly plan?: string;
  readonly place?: PlaceChoice;
  readonly operatingSystem: string;
  readonly billingCycle: string;
  readonly spotPriceMax?: number;
  readonly reservation?: string;
  /** ISO 8601, UTC. */
  readonly terminationTime?: string;
}

type Options = Readonly<Record<string, string>>;

const billingCycles = ["hourly", "daily", "monthly", "yearly"];
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Throws PACKET_ENDPOINT_MISSING, PACKET_ENDPOINT_INVALID, PACKET_PLACE_TWICE or PACKET_CHOICE_UNKNOWN. */
export function packetSettings(options: Options): PacketSettings {
  const { "packet-project": project, "packet-plan": plan } = options;
  const billingCycle = options["packet-billing"] || "hourly";
  if (!billingCycles.includes(billingCycle))
    throw unknownChoice("packet-billing", billingCycle, "there is no such billing cycle", billingCycles);
  return {
    access: apiAccess(options),
    ...(project ? { project } : {}),
    ...(plan ? { plan } : {}),
    ...placeChoice(options),
    operatingSystem: options["packet-os"] || "debian_12",
    billingCycle,
    ...spotBid(options["packet-spot-price-max"]),
    ...hardwareReservation(options["packet-hw-reservation"]),
    ...terminationTime(options["packet-termination-time"]),
  };
}

function placeChoice({ "packet-metro": metro, "packet-facility": facility }: Options): {
  place?: PlaceChoice;
} {
  if (metro && facility) throw new PacketError("PACKET_PLACE_TWICE", { metro, facility });
  if (metro) return { place: { kind: "metro", code: metro } };
  return facility ? { place: { kind: "facility", code: facility } } : {};
}

function spotBid(text: string | undefined): { spotPriceMax?: number } {
  if (!text) return {};
  const spotPriceMax = Number(text);
  if (!(spotPriceMax > 0 && Number.isFinite(spotPriceMax)))
    throw unknownChoice("packet-spot-price-max", text, "this is no price above zero", ["0.5", "1.25"]);
  return { spotPriceMax };
}

function hardwareReservation(text: string | undefined): { reservation?: string } {
  if (!text) return {};
  if (text !== "next-available" && !isId(text))
    throw unknownChoice("packet-hw-reservation", text, "this is no id", ["the id", "next-available"]);
  return { reservation: text };
}

/** The part that may change during the machine's life. Throws PACKET_ENDPOINT_MISSING or PACKET_ENDPOINT_INVALID. */
export function apiAccess(options: Options): ApiAccess {
  const { "packet-endpoint": endpoint, "packet-token-file": tokenFile, "packet-ca-file": caFile } = options;
  if (!endpoint) throw new PacketError("PACKET_ENDPOINT_MISSING");
  return {
    endpoint: checkedEndpoint(endpoint),
    ...(tokenFile ? { tokenFile } : {}),
    ...(caFile ? { caFile } : {}),
  };
}

/** Ids of the API are UUIDs; nothing else may get into a path. */
export const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

function checkedEndpoint(endpoint: string): string {
  const url = URL.parse(endpoint);
  const shown = url ? url.href.replace(`${url.username}:${url.password}@`, "") : endpoint;
  const invalid = (problem: string) =>
    new PacketError("PACKET_ENDPOINT_INVALID", { endpoint: shown, problem });
  if (!url || !["https:", "http:"].includes(url.protocol)) throw invalid("it is no http(s) address");
  if (url.protocol === "http:" && !loopback.test(url.hostname))
    throw invalid("without TLS everybody on the way could read the token");
  if (url.username || url.password)
    throw invalid("a password does not belong there, and the API takes a token");
  if (url.search || url.hash) throw invalid("it has more than a path");
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

function terminationTime(text: string | undefined): { terminationTime?: string } {
  if (!text) return {};
  const at = Date.parse(text);
  const examples = [new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, "")];
  if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT/.test(text))
    throw unknownChoice("packet-termination-time", text, "this is no time of ISO 8601", examples);
  if (at < Date.now()) throw unknownChoice("packet-termination-time", text, "that time is over", examples);
  return { terminationTime: new Date(at).toISOString() };
}

/** PACKET_CHOICE_UNKNOWN with the first few available choices. */
export const unknownChoice = (
  flag: string,
  value: string,
  problem: string,
  known: readonly string[],
): LocalkubeError =>
  new PacketError("PACKET_CHOICE_UNKNOWN", { flag: `--${flag}`, value, problem, known: listed(known) });

const mostListed = 20;

export const listed = (names: readonly string[]): string =>
  names.length === 0
    ? "(the API has none)"
    : names.length > mostListed
      ? `${names.slice(0, mostListed).join(", ")}, … (${names.length})`
      : names.join(", ");
