import type { Step } from "../contract/step.ts";
import type { Job } from "./run-jobs.ts";

/** The position of a step in a recipe. */
export interface Place<S> {
  /** The steps that must be done before it: objects, so that a mistyped name is a type error. For steps on each node: those of the same node. */
  readonly after?: readonly AnyStep[];
  /** Evaluated before anything runs; a step that does not apply is not in the list, and its dependants wait for its own dependencies instead. */
  readonly when?: (state: S) => boolean;
  /** It only downloads or builds what is kept in the cache: all that `--download-only` runs. */
  readonly download?: true;
}

// Variance: `after` may contain a step of any state, and does not call it.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyStep = Step<any, any>;

/** A row of a recipe: a step that runs once for the cluster, or once on each node. */
export type Row<C, CB, N, NB> =
  | ({ readonly per: "cluster"; readonly step: Step<C, CB> } & Place<C>)
  | ({ readonly per: "node"; readonly step: Step<N, NB> } & Place<N>);

/** What a recipe runs on: the first node's steps keep their plain ids, those of the other nodes are called `step@node`. */
export interface Subjects<C, N> {
  readonly cluster: C;
  readonly nodes: readonly { readonly name: string; readonly state: N }[];
}

/** The jobs of a recipe for this cluster and these nodes, in the recipe's order. Pure except for `when`. */
export function jobsOf<C, CB, N, NB>(
  rows: readonly Row<C, CB, N, NB>[],
  subjects: Subjects<C, N>,
): readonly Job[] {
  const made = new Map<AnyStep, readonly Instance[]>();
  const jobs: Job[] = [];
  for (const row of rows) {
    const awaited = (row.after ?? []).map((step) => {
      const instances = made.get(step);
      if (!instances) throw new Error(`${row.step.id} stands before ${step.id}, for which it waits`);
      return instances;
    });
    const instances = instancesOf(row, subjects).map((instance) => {
      const after = awaited.flatMap((those) => idsFor(instance.node, those));
      if (!instance.job) return { node: instance.node, ids: unique(after) };
      jobs.push({ ...instance.job, after: unique(after) });
      return { node: instance.node, ids: [instance.job.id] };
    });
    made.set(row.step, instances);
  }
  return jobs;
}

/** Sentences for `--dry-run`, without duplicates, in the recipe's order. */
export async function planOf<C, CB, N, NB>(
  rows: readonly Row<C, CB, N, NB>[],
  { cluster, nodes }: Subjects<C, N>,
): Promise<readonly string[]> {
  const sentences: string[] = [];
  const ask = async <S, B>({ step, ...place }: { readonly step: Step<S, B> } & Place<S>, state: S) => {
    if (applies(place, state)) sentences.push(...((await step.plan?.(state)) ?? []));
  };
  for (const row of rows)
    if (row.per === "cluster") await ask(row, cluster);
    else for (const { state } of nodes) await ask(row, state);
  return unique(sentences);
}

/** Jobs that undo a whole recipe, one after the other, the last step first; includes steps that would not apply today. */
export function undoJobsOf<C, CB, N, NB>(
  rows: readonly Row<C, CB, N, NB>[],
  { cluster, nodes }: Subjects<CB, NB>,
  timeoutMs: number,
): readonly Job[] {
  const forwards = rows.flatMap((row): readonly Omit<Job, "after">[] => {
    const job = <B>({ undo }: Step<never, B>, id: string, base: B): readonly Omit<Job, "after">[] =>
      undo ? [{ id, title: undo.title, timeoutMs, apply: (c) => undo.run(base, c) }] : [];
    return row.per === "cluster"
      ? job(row.step as Step<never, CB>, row.step.id, cluster)
      : nodes.flatMap(({ name, state }, index) =>
          job(row.step as Step<never, NB>, idOf(row.step, name, index), state),
        );
  });
  const backwards = [...forwards].reverse();
  return backwards.map((job, index) => ({
    ...job,
    after: backwards[index - 1] ? [backwards[index - 1]!.id] : [],
  }));
}

interface Instance {
  /** Undefined for what runs once for the cluster. */
  readonly node: string | undefined;
  /** The jobs that a dependent step has to wait for. */
  readonly ids: readonly string[];
}

interface Candidate {
  readonly node: string | undefined;
  readonly job: Omit<Job, "after"> | undefined;
}

function instancesOf<C, CB, N, NB>(
  row: Row<C, CB, N, NB>,
  { cluster, nodes }: Subjects<C, N>,
): readonly Candidate[] {
  if (row.per === "cluster")
    return [
      { node: undefined, job: applies(row, cluster) ? jobOf(row.step, row.step.id, cluster) : undefined },
    ];
  return nodes.map(({ name, state }, index) => ({
    node: name,
    job: applies(row, state) ? jobOf(row.step, idOf(row.step, name, index), state) : undefined,
  }));
}

function jobOf<S, B>(step: Step<S, B>, id: string, state: S): Omit<Job, "after"> {
  return {
    id,
    title: step.title,
    timeoutMs: step.timeoutMs,
    check: (c) => step.check?.(state, c) ?? Promise.resolve("todo"),
    apply: (c) => step.apply(state, c),
  };
}

/** On a node, a step waits for the node's own instance; the cluster waits for those of all nodes. */
const idsFor = (node: string | undefined, instances: readonly Instance[]): readonly string[] =>
  instances.flatMap((instance) =>
    node === undefined || instance.node === undefined || instance.node === node ? instance.ids : [],
  );

const applies = <S>({ when }: Place<S>, state: S): boolean => when?.(state) ?? true;
const idOf = (step: AnyStep, node: string, index: number): string =>
  index === 0 ? step.id : `${step.id}@${node}`;
const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
