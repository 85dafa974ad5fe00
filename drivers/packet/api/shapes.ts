import * as v from "valibot";

/** The parts we read of the API's objects (Packet's, later Equinix Metal's, OpenAPI document); everything else in them is ignored. */

const maybe = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema));
const price = maybe(v.object({ hour: maybe(v.number()) }));
const inPlaces = maybe(v.array(v.object({ href: maybe(v.string()), id: maybe(v.string()), price })));

export const projectShape = v.object({ id: v.string(), name: maybe(v.string()) });

export const planShape = v.object({
  slug: v.string(),
  name: maybe(v.string()),
  pricing: price,
  /** Locations are named by id or by the last segment of `href`; no list = everywhere. */
  available_in: inPlaces,
  available_in_metros: inPlaces,
  deployment_types: maybe(v.array(v.string())),
  specs: maybe(
    v.object({
      cpus: maybe(v.array(v.object({ count: maybe(v.number()), type: maybe(v.string()) }))),
      memory: maybe(v.object({ total: maybe(v.string()) })),
    }),
  ),
});

export const operatingSystemShape = v.object({
  slug: v.string(),
  distro: maybe(v.string()),
  version: maybe(v.string()),
  provisionable_on: maybe(v.array(v.string())),
});

export const placeShape = v.object({ id: v.string(), code: v.string(), name: maybe(v.string()) });

export const reservationShape = v.object({
  id: v.string(),
  provisionable: maybe(v.boolean()),
  plan: maybe(v.object({ slug: maybe(v.string()) })),
});

const addressShape = v.object({
  address: maybe(v.string()),
  address_family: maybe(v.number()),
  public: maybe(v.boolean()),
  management: maybe(v.boolean()),
});

export const deviceShape = v.object({
  id: v.string(),
  hostname: maybe(v.string()),
  /** One of the states in device-state.ts; others are reported, not guessed at. */
  state: maybe(v.string()),
  tags: maybe(v.array(v.string())),
  ip_addresses: maybe(v.array(addressShape)),
  provisioning_percentage: maybe(v.number()),
  plan: maybe(
    v.object({
      slug: maybe(v.string()),
      pricing: price,
      available_in_metros: inPlaces,
      available_in: inPlaces,
    }),
  ),
  metro: maybe(v.object({ id: maybe(v.string()), code: maybe(v.string()) })),
  facility: maybe(v.object({ id: maybe(v.string()), code: maybe(v.string()) })),
  spot_instance: maybe(v.boolean()),
  spot_price_max: maybe(v.number()),
  billing_cycle: maybe(v.string()),
  created_at: maybe(v.string()),
  termination_time: maybe(v.string()),
});

export const eventShape = v.object({
  id: maybe(v.string()),
  type: maybe(v.string()),
  body: maybe(v.string()),
  interpolated: maybe(v.string()),
  created_at: maybe(v.string()),
});

export const keyShape = v.object({
  id: v.string(),
  key: maybe(v.string()),
  label: maybe(v.string()),
  tags: maybe(v.array(v.string())),
});

export const capacityShape = v.object({ servers: v.array(v.object({ available: maybe(v.boolean()) })) });

export type Project = v.InferOutput<typeof projectShape>;
export type Plan = v.InferOutput<typeof planShape>;
export type OperatingSystem = v.InferOutput<typeof operatingSystemShape>;
export type Place = v.InferOutput<typeof placeShape>;
export type Reservation = v.InferOutput<typeof reservationShape>;
export type Device = v.InferOutput<typeof deviceShape>;
export type DeviceEvent = v.InferOutput<typeof eventShape>;
export type ProjectKey = v.InferOutput<typeof keyShape>;
