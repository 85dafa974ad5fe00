import { facilities, metros, operatingSystems, plans, projects, reservations } from "./catalogue.ts";
import type { DeviceRoom, RigDevice } from "./device-room.ts";

export interface RigAnswer {
  readonly status: number;
  readonly body?: unknown;
}

export interface RigCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

const ok = (body: unknown): RigAnswer => ({ status: 200, body });
const none: RigAnswer = { status: 404, body: { errors: ["Not found"] } };

/** The service's own checks of what one may not have. */
const refusal = (error: string): RigAnswer => ({ status: 422, body: { errors: [error] } });

/** One answer per operation of the OpenAPI document. */
export function answers(room: DeviceRoom, perPageAtMost: number) {
  const withDevice = async (
    { params }: RigCall,
    work: (device: RigDevice) => RigAnswer | Promise<RigAnswer>,
  ): Promise<RigAnswer> => {
    const device = room.devices.get(params["id"] ?? "");
    return device ? work(device) : none;
  };
  const inProject = ({ params }: RigCall, work: () => RigAnswer): RigAnswer =>
    projects.some(({ id }) => id === params["id"]) ? work() : none;
  const page = ({ query }: RigCall, key: string, all: readonly unknown[]): RigAnswer => {
    const size = Math.min(Number(query.get("per_page") ?? 10), perPageAtMost);
    const current = Number(query.get("page") ?? 1);
    const last = Math.max(1, Math.ceil(all.length / size));
    const href = (number: number) => ({ href: `/metal/v1/elsewhere?page=${number}&per_page=${size}` });
    const meta = {
      self: href(current),
      first: href(1),
      last: href(last),
      ...(current < last ? { next: href(current + 1) } : {}),
      total: all.length,
      current_page: current,
      last_page: last,
    };
    return ok({ [key]: all.slice((current - 1) * size, current * size), meta });
  };

  const table: Readonly<Record<string, (call: RigCall) => RigAnswer | Promise<RigAnswer>>> = {
    findProjects: (call) => page(call, "projects", projects),
    findProjectById: (call) => inProject(call, () => ok(projects.find(({ id }) => id === call.params["id"]))),
    findPlansByProject: (call) => inProject(call, () => ok({ plans })),
    findOperatingSystems: () => ok({ operating_systems: operatingSystems }),
    findMetros: () => ok({ metros }),
    findFacilities: () => ok({ facilities }),
    findHardwareReservationById: ({ params }) => {
      const found = reservations.find(({ id }) => id === params["id"]);
      return found ? ok(found) : none;
    },
    checkCapacityForMetro: ({ body }) => capacity(body),
    checkCapacityForFacility: ({ body }) => capacity(body),
    findProjectDevices: (call) =>
      inProject(call, () => {
        const tag = call.query.get("tag");
        const found = [...room.devices.values()].filter(
          ({ input }) => tag === null || ((input["tags"] ?? []) as string[]).includes(tag),
        );
        return page(
          call,
          "devices",
          found.map((device) => room.view(device)),
        );
      }),
    createDevice: (call) =>
      inProject(call, () => {
        const { plan, operating_system: system, metro, facility } = call.body;
        if (!plans.some(({ slug }) => slug === plan)) return refusal("plan is not available");
        if (!operatingSystems.some(({ slug }) => slug === system))
          return refusal("operating_system is invalid");
        if (metro !== undefined && !metros.some(({ code }) => code === metro))
          return refusal("metro is invalid");
        if (facility !== undefined && !facilities.some(({ code }) => (facility as string[]).includes(code)))
          return refusal("facility is invalid");
        return { status: 201, body: room.view(room.add(call.body)) };
      }),
    findDeviceById: (call) =>
      withDevice(call, async (device) => {
        await room.look(device);
        return room.devices.has(device.id) ? ok(room.view(device)) : none;
      }),
    deleteDevice: (call) =>
      withDevice(call, (device) => {
        room.remove(device);
        return { status: 204 };
      }),
    performAction: (call) =>
      withDevice(call, (device) => {
        room.act(device, String(call.body["type"]));
        return { status: 202 };
      }),
    findDeviceEvents: (call) => withDevice(call, (device) => page(call, "events", device.events)),
    findProjectSSHKeys: (call) => inProject(call, () => ok({ ssh_keys: [...room.keys.values()] })),
    createProjectSSHKey: (call) =>
      inProject(call, () => {
        const { label, key, tags } = call.body as { label: string; key: string; tags: string[] };
        if ([...room.keys.values()].some((other) => other.key === key))
          return refusal("key has already been taken");
        const made = { id: room.newId(), label, key, tags };
        room.keys.set(made.id, made);
        return { status: 201, body: made };
      }),
    deleteSSHKey: ({ params }) => (room.keys.delete(params["id"] ?? "") ? { status: 204 } : none),
  };
  return table;
}

/** `x9.full.x86` is always sold out. */
function capacity(body: Readonly<Record<string, unknown>>): RigAnswer {
  const servers = body["servers"] as readonly { plan: string }[];
  return ok({ servers: servers.map((server) => ({ ...server, available: server.plan !== "x9.full.x86" })) });
}
