/** What the rig's provider has to offer; ids are the same in every run, for transcripts. */

export const ids = {
  project: "8c2f1f60-0f0e-4b7a-9d55-000000000001",
  otherProject: "8c2f1f60-0f0e-4b7a-9d55-000000000002",
  metroFr: "91ea1596-4f3c-4f38-a3b6-0000000000fa",
  metroDc: "91ea1596-4f3c-4f38-a3b6-0000000000dc",
  facility: "e1e9c52e-a0bc-4117-b996-0000000000f2",
  reservation: "3bd7f5a1-5a75-4f6e-8d2f-0000000000aa",
  usedReservation: "3bd7f5a1-5a75-4f6e-8d2f-0000000000bb",
} as const;

const uuid = (tail: number): string => `0b6f3a1e-7c1d-4c2a-8a49-${tail.toString().padStart(12, "0")}`;

export const metros = [
  { id: ids.metroFr, code: "fr", name: "Frankfurt", country: "DE" },
  { id: ids.metroDc, code: "dc", name: "Washington DC", country: "US" },
];

export const facilities = [{ id: ids.facility, code: "fr2", name: "Frankfurt 2", metro: metros[0] }];

export const operatingSystems = [
  ["debian_12", "debian", "12"],
  ["ubuntu_24_04", "ubuntu", "24.04"],
  ["flatcar_stable", "flatcar", "stable"],
  ["windows_2022", "windows", "2022"],
].map(([slug = "", distro, version], index) => ({
  id: uuid(100 + index),
  slug,
  name: slug,
  distro,
  version,
  provisionable_on:
    slug === "windows_2022" ? ["m3.large.x86"] : ["c3.small.x86", "m3.large.x86", "x9.full.x86"],
}));

const plan = (index: number, slug: string, hour: number, frHour: number) => ({
  id: uuid(200 + index),
  slug,
  name: slug,
  class: slug,
  line: "baremetal",
  categories: ["compute"],
  deployment_types: ["on_demand", "spot_market"],
  pricing: { hour },
  available_in: [{ href: `/metal/v1/facilities/${ids.facility}`, price: { hour: frHour } }],
  available_in_metros: [
    { href: `/metal/v1/locations/metros/${ids.metroFr}`, price: { hour: frHour } },
    ...(slug === "c3.small.x86"
      ? []
      : [{ href: `/metal/v1/locations/metros/${ids.metroDc}`, price: { hour } }]),
  ],
  specs: { cpus: [{ count: 1, type: "Xeon E 2278G" }], memory: { total: "32GB" } },
});

export const plans = [
  plan(1, "c3.small.x86", 0.75, 0.83),
  plan(2, "m3.large.x86", 3.1, 3.41),
  plan(3, "x9.full.x86", 9, 9.9),
];

export const projects = [{ id: ids.project, name: "localkube" }];

export const reservations = [
  { id: ids.reservation, provisionable: true, plan: plans[0] },
  { id: ids.usedReservation, provisionable: false, plan: plans[0] },
];
