/** Turns a record of one schema into one of the next. Pure; its input was read from disk and may be anything valid in that schema. */
export type Migration = (record: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** Clusters of schema 1 are containers, which have no disk of their own: any size is valid, and they have no image. */
const disk: Migration = (record) => ({
  ...record,
  spec: { diskGiB: 20, image: "", ...(record["spec"] as object) },
});

/** Machines of schema 2 all ran Debian, their drivers had no options of their own, and all forwarded the API. */
const driverOptions: Migration = (record) => {
  const spec = record["spec"] as { readonly apiServer?: object };
  const apiServer = { overSsh: true, ...spec.apiServer };
  return { ...record, spec: { os: "debian", driverOptions: {}, ...spec, apiServer } };
};

/** Clusters of schema 3 had one node, which was named like the profile, and its machine was the cluster's. */
const nodes: Migration = ({ machine, ...record }) => {
  const spec = record["spec"] as { readonly name?: unknown } | undefined;
  const node = { name: spec?.name, role: "control-plane", ...(machine === undefined ? {} : { machine }) };
  return { ...record, nodes: [node] };
};

/** Clusters of schema 4 had a runtime of ours with runc alone, and were told nothing about registries; those on a host with a proxy get it, which is the default. */
const runtimes: Migration = (record) => ({
  ...record,
  spec: {
    ociRuntimes: [],
    defaultOciRuntime: "runc",
    registries: { mirrors: {}, insecure: [], authorities: {}, logins: {}, hostProxy: true },
    criSocket: "",
    imageSocket: "",
    ...(record["spec"] as object),
  },
});

/** Clusters of schema 5 had no addons. */
const addons: Migration = (record) => ({ ...record, spec: { addons: {}, ...(record["spec"] as object) } });

/** By the schema a migration starts from. */
export const migrations: Readonly<Record<number, Migration>> = {
  1: disk,
  2: driverOptions,
  3: nodes,
  4: runtimes,
  5: addons,
};

/**
 * Migrates a record from its schema to the requested one, step by step. Throws an Error naming the schema for which no migration exists;
 * the file on disk is unchanged until the next save.
 */
export function migrate(
  record: Readonly<Record<string, unknown>>,
  from: number,
  to: number,
  table: Readonly<Record<number, Migration>> = migrations,
): Readonly<Record<string, unknown>> {
  let current = record;
  for (let schema = from; schema < to; schema++) {
    const step = table[schema];
    if (step === undefined) throw new Error(`no release of localkube wrote schema ${schema}`);
    current = { ...step(current), schema: schema + 1 };
  }
  return current;
}
