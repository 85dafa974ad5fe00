/** Undoes everything in reverse order, whatever fails; returns what could not be removed. Not ended by Ctrl-C. */
export async function cleanUp(bench) {
  const failures = [];
  for (const undo of bench.undo.splice(0).reverse()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  return failures.join("\n");
}
