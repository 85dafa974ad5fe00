/** Words that indicate a problem wherever they occur. */
const grave =
  /\b(panic|fatal|segfault|segmentation fault|core[- ]dump(?:ed)?|out of memory|oom[-_ ]?kill\w*|invoked oom-killer|no space left|read-only file system|crashloopbackoff)\b/i;
const trouble =
  /\b(\w*errors?|err|fail(?:s|ed|ure|ures|ing)?|exception|refused|denied|forbidden|unauthorized|x509|expired|timed? ?out|timeout|deadline exceeded|cannot|can't|unable|unreachable|not found|missing|invalid|evict(?:ed|ing|ion)?|back-?off|killed|killing|oom|exited|status=[1-9]\d*\/\w+)\b/i;

/** What programs log about an error that did not happen, and flags whose names look like problems. */
const harmless =
  /\berr(?:or)?=(?:"?<nil>"?|nil|null|""|none)|"error":(?:""|null)|\bFLAG: --\S+|--[a-z0-9-]*(?:timeout|fail|err|evict)[a-z0-9-]*/gi;

/** A warning event of the API server, as `readEvents` writes it: most of its reasons (Unhealthy, BackOff) contain no such word. */
const eventWarning = /^\S* ?Warning [A-Z]\w+ \S+: /;

type Level = "quiet" | "warning" | "error";

/**
 * Whether a line of the journal or of a pod's log reports a problem: by the severity the program itself gave it (klog, logrus, zap),
 * or by its words where there is no severity or only a warning.
 */
export function isProblem(line: string): boolean {
  const level = levelOf(line);
  if (level === "error" || eventWarning.test(line)) return true;
  const text = line.replaceAll(harmless, "");
  return grave.test(text) || (level !== "quiet" && trouble.test(text));
}

function levelOf(line: string): Level | undefined {
  const klog = /(?:^|[\s:])([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s/.exec(line)?.[1];
  if (klog !== undefined) return klog === "I" ? "quiet" : klog === "W" ? "warning" : "error";
  const named = /(?:\blevel=|"level":\s*)"?(\w+)/i.exec(line)?.[1]?.toLowerCase();
  if (named === undefined) return undefined;
  if (/^(?:debug|info|trace|notice)$/.test(named)) return "quiet";
  return named.startsWith("warn") ? "warning" : "error";
}
