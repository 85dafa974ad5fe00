/** The known word that differs from the given one by one or two typing errors; undefined when none is close. Case is ignored. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(wanted, candidate.toLowerCase()),
  }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a), {
    candidate: "",
    distance: Infinity,
  });
  // One wrong letter of two is not a typo: half of all short words are that close.
  const slips = wanted.length < 3 ? 0 : Math.max(1, Math.floor(wanted.length / 3));
  return best.distance <= slips ? best.candidate : undefined;
}

/** "; did you mean 'x'?" or nothing: the end of a message about an unknown word. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

/** Number of insertions, deletions, replacements and swaps of neighbouring letters that turn one word into the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swaps ? at(i - 2, j - 2) + 1 : Infinity),
      );
    }
  }
  return at(a.length, b.length);
}
