import * as v from "valibot";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { PacketError } from "../errors.ts";
import { type ApiConnection, type ApiContext, type Pacing, usualPacing } from "./connection.ts";
import { type ApiRequest, openSender, type Send } from "./open-sender.ts";
import * as shape from "./shapes.ts";

export interface PlaceChoice {
  readonly kind: "metro" | "facility";
  readonly code: string;
}

/** The calls a driver needs. All reject with the PACKET_… errors of api-failure.ts; ids are UUIDs. */
export interface PacketApi {
  readonly endpoint: string;
  readonly pacing: Pacing;
  projects(c: ApiContext): Promise<readonly shape.Project[]>;
  project(id: string, c: ApiContext): Promise<shape.Project>;
  plans(project: string, c: ApiContext): Promise<readonly shape.Plan[]>;
  operatingSystems(c: ApiContext): Promise<readonly shape.OperatingSystem[]>;
  metros(c: ApiContext): Promise<readonly shape.Place[]>;
  facilities(c: ApiContext): Promise<readonly shape.Place[]>;
  reservation(id: string, c: ApiContext): Promise<shape.Reservation>;
  /** Whether a server of that plan is available there now. */
  hasCapacity(plan: string, place: PlaceChoice, c: ApiContext): Promise<boolean>;
  /** Devices of a project that carry the tag. */
  devices(project: string, tag: string, c: ApiContext): Promise<readonly shape.Device[]>;
  /** Undefined when there is none; PACKET_FORBIDDEN may mean the same, because some services answer 403 for deleted objects. */
  device(id: string, c: ApiContext): Promise<shape.Device | undefined>;
  createDevice(project: string, input: DeviceInput, c: ApiContext): Promise<shape.Device>;
  /** Succeeds when there is none. */
  deleteDevice(id: string, c: ApiContext): Promise<void>;
  act(id: string, type: "power_on" | "power_off" | "reboot", c: ApiContext): Promise<void>;
  /** Newest first. */
  events(id: string, c: ApiContext): Promise<readonly shape.DeviceEvent[]>;
  keys(project: string, c: ApiContext): Promise<readonly shape.ProjectKey[]>;
  createKey(
    project: string,
    input: { readonly label: string; readonly key: string; readonly tags: readonly string[] },
    c: ApiContext,
  ): Promise<shape.ProjectKey>;
  deleteKey(id: string, c: ApiContext): Promise<void>;
}

/** The other lists are not paged according to the API documentation. */
const pagedLists = new Set(["projects", "devices"]);
const included = "plan,metro,facility";

export function openPacketApi(connection: ApiConnection, pacing: Pacing = usualPacing): PacketApi {
  const send = openSender(connection, pacing);
  const endpoint = connection.endpoint.href;
  const as = <S extends v.GenericSchema>(schema: S, json: unknown, action: string): v.InferOutput<S> => {
    const read = v.safeParse(schema, json);
    if (read.success) return read.output;
    const said = `an answer of another form (${v.getDotPath(read.issues[0]) ?? "no object"})`;
    throw new PacketError("PACKET_SERVICE_FAILED", { endpoint, action, said });
  };
  const list = <S extends v.GenericSchema>(
    path: string,
    key: string,
    item: S,
    c: ApiContext,
    query?: Readonly<Record<string, string>>,
  ) => {
    const request = { path, ...(query ? { query } : {}), action: `list ${key.replaceAll("_", " ")}` };
    return readPages(send, request, { key, item, endpoint, paged: pagedLists.has(key) }, c);
  };
  const remove = async (path: string, action: string, c: ApiContext): Promise<void> => {
    await send({ method: "DELETE", path, action, accept: [404] }, c);
  };
  const id = encodeURIComponent;

  return {
    endpoint,
    pacing,
    projects: (c) => list("projects", "projects", shape.projectShape, c),
    async project(project, c) {
      const action = `look up the project ${project}`;
      const { json } = await send({ method: "GET", path: `projects/${id(project)}`, action }, c);
      return as(shape.projectShape, json, action);
    },
    plans: (project, c) => list(`projects/${id(project)}/plans`, "plans", shape.planShape, c),
    operatingSystems: (c) => list("operating-systems", "operating_systems", shape.operatingSystemShape, c),
    metros: (c) => list("locations/metros", "metros", shape.placeShape, c),
    facilities: (c) => list("facilities", "facilities", shape.placeShape, c),
    async reservation(reservation, c) {
      const action = `look up the hardware reservation ${reservation}`;
      const query = { include: "plan" };
      const path = `hardware-reservations/${id(reservation)}`;
      return as(shape.reservationShape, (await send({ method: "GET", path, query, action }, c)).json, action);
    },
    async hasCapacity(plan, { kind, code }, c) {
      const action = "tell its free capacity";
      const path = kind === "metro" ? "capacity/metros" : "capacity";
      const body = { servers: [{ [kind]: code, plan, quantity: "1" }] };
      const { json, status } = await send({ method: "POST", path, body, action, accept: [422] }, c);
      if (status === 422) return false;
      return as(shape.capacityShape, json, action).servers.every(({ available }) => available !== false);
    },
    devices: (project, tag, c) =>
      list(`projects/${id(project)}/devices`, "devices", shape.deviceShape, c, { tag, include: included }),
    async device(device, c) {
      const action = `look up the device ${device}`;
      const path = `devices/${id(device)}`;
      const request = { method: "GET", path, query: { include: included }, action, accept: [404] } as const;
      const { json, status } = await send(request, c);
      return status === 404 ? undefined : as(shape.deviceShape, json, action);
    },
    async createDevice(project, body, c) {
      const action = `make the device ${body.hostname}`;
      const request = { method: "POST", path: `projects/${id(project)}/devices`, body, action } as const;
      return as(shape.deviceShape, (await send(request, c)).json, action);
    },
    deleteDevice: (device, c) => remove(`devices/${id(device)}`, `delete the device ${device}`, c),
    async act(device, type, c) {
      const action = `${type.replace("_", " ")} the device ${device}`;
      await send({ method: "POST", path: `devices/${id(device)}/actions`, body: { type }, action }, c);
    },
    async events(device, c) {
      const action = `tell the events of the device ${device}`;
      const query = { per_page: 20 };
      const { json } = await send({ method: "GET", path: `devices/${id(device)}/events`, query, action }, c);
      return as(v.object({ events: v.array(shape.eventShape) }), json, action).events;
    },
    keys: (project, c) => list(`projects/${id(project)}/ssh-keys`, "ssh_keys", shape.keyShape, c),
    async createKey(project, body, c) {
      const action = `store the SSH key ${body.label}`;
      const request = { method: "POST", path: `projects/${id(project)}/ssh-keys`, body, action } as const;
      return as(shape.keyShape, (await send(request, c)).json, action);
    },
    deleteKey: (key, c) => remove(`ssh-keys/${id(key)}`, `delete the SSH key ${key}`, c),
  };
}

/** Body of `POST /projects/{id}/devices`, as far as we use it. `userdata` contains the machine's private host key: never log it. */
export interface DeviceInput {
  readonly hostname: string;
  readonly plan: string;
  readonly operating_system: string;
  readonly billing_cycle: string;
  /** One of the two. */
  readonly metro?: string;
  readonly facility?: readonly string[];
  readonly tags: readonly string[];
  readonly userdata: string;
  /** Always both lists: without them the API would authorize every key of the project and the organisation. */
  readonly project_ssh_keys: readonly string[];
  readonly user_ssh_keys: readonly string[];
  readonly spot_instance?: true;
  readonly spot_price_max?: number;
  readonly hardware_reservation_id?: string;
  /** ISO 8601. */
  readonly termination_time?: string;
}

/** The documented maximum; the default is 10. */
const perPage = 100;
/** Protects against a service that never reports a last page. */
const mostPages = 200;

const metaShape = v.object({
  meta: v.optional(
    v.nullable(
      v.object({
        next: v.optional(v.nullable(v.unknown())),
        current_page: v.optional(v.nullable(v.number())),
        last_page: v.optional(v.nullable(v.number())),
      }),
    ),
  ),
});

/**
 * All items of a list, page after page by number: `next.href` may point at another host, which must not get the token. A list that is not
 * `paged` according to the documentation is requested as a whole, and page by page only if its answer says that there are more pages. Rejects
 * like `send`, and with PACKET_SERVICE_FAILED for an answer in another format or a list that never ends.
 */
async function readPages<S extends v.GenericSchema>(
  send: Send,
  request: Omit<ApiRequest, "method">,
  list: { readonly key: string; readonly item: S; readonly endpoint: string; readonly paged: boolean },
  c: ApiContext,
): Promise<readonly v.InferOutput<S>[]> {
  const items: v.InferOutput<S>[] = [];
  const broken = (said: string): LocalkubeError =>
    new PacketError("PACKET_SERVICE_FAILED", { endpoint: list.endpoint, action: request.action, said });
  for (let page = 1; page <= mostPages; page += 1) {
    const numbers = list.paged ? { page, per_page: perPage } : page > 1 ? { page } : {};
    const query = { ...request.query, ...numbers };
    const { json } = await send({ ...request, method: "GET", query }, c);
    const shape = v.intersect([v.object({ [list.key]: v.array(list.item) }), metaShape]);
    const read = v.safeParse(shape, json);
    if (!read.success)
      throw broken(`an answer of another form (${v.getDotPath(read.issues[0]) ?? "no object"})`);
    const output = read.output as Record<string, v.InferOutput<S>[]> & v.InferOutput<typeof metaShape>;
    items.push(...(output[list.key] ?? []));
    const { meta } = output;
    const { current_page: current, last_page: last } = meta ?? {};
    const more =
      typeof current === "number" && typeof last === "number" ? current < last : Boolean(meta?.next);
    if (!more) return items;
  }
  throw broken(`more than ${mostPages} pages`);
}
