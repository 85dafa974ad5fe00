/**
 * Runs jobs, a limited number at a time. The first failure aborts `failed`, which ends the others by their signal; only when all have ended
 * (and released their locks) does this reject with that first failure.
 */
export async function forEachParallel(
  jobs: readonly (() => Promise<void>)[],
  concurrency: number,
  failed: AbortController,
): Promise<void> {
  const { default: pMap } = await import("p-map");
  let first: { readonly error: unknown } | undefined;
  const run = async (job: () => Promise<void>) => {
    if (first) return;
    try {
      await job();
    } catch (error) {
      first ??= { error };
      failed.abort(error);
    }
  };
  await pMap(jobs, run, { concurrency });
  if (first) throw first.error;
}
