/** Returns, for each key, whether enough time has passed since it last returned true; times in milliseconds. */
export function throttled(everyMs: number): (key: string, at: number) => boolean {
  const last = new Map<string, number>();
  return (key, at) => {
    const before = last.get(key);
    if (before !== undefined && at - before < everyMs) return false;
    last.set(key, at);
    return true;
  };
}
