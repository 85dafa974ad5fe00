import type { OutputForm } from "../output/output-form.ts";

/** What the words of the command line request. */
export type Request =
  | { readonly kind: "help"; readonly words: readonly string[] }
  | { readonly kind: "command"; readonly id: string; readonly argv: readonly string[] }
  | { readonly kind: "unknown"; readonly words: readonly string[] };

const globalWithValue = new Set(["-p", "--profile", "-o", "--output"]);
const globalAlone = /^(-p.+|-o.+|--profile=.*|--output=.*|--verbose)$/;

/**
 * Finds the longest leading sequence of words that is a command (`config set`); the rest are its arguments. Global
 * flags may also precede the command (`localkube -p two status`): they are moved behind it.
 */
export function resolveCommand(argv: readonly string[], ids: ReadonlySet<string>): Request {
  const { leading, rest } = splitLeadingFlags(argv);
  const dashes = rest.indexOf("--");
  const own = dashes === -1 ? rest : rest.slice(0, dashes);
  const firstFlag = own.findIndex((word) => word.startsWith("-"));
  const words = firstFlag === -1 ? own : own.slice(0, firstFlag);
  if (words[0] === "help") return { kind: "help", words: words.slice(1) };
  for (let count = words.length; count > 0; count--) {
    const id = words.slice(0, count).join(":");
    if (!ids.has(id)) continue;
    if (asksForHelp(own)) return { kind: "help", words: words.slice(0, count) };
    return { kind: "command", id, argv: [...leading, ...rest.slice(count)] };
  }
  if (words.length === 0 && firstFlag !== -1 && !asksForHelp(own)) return { kind: "unknown", words: own };
  const topic = words.join(":");
  const isTopic = words.length === 0 || [...ids].some((id) => id.startsWith(`${topic}:`));
  return isTopic ? { kind: "help", words } : { kind: "unknown", words };
}

function splitLeadingFlags(argv: readonly string[]) {
  let end = 0;
  for (let word = argv[end]; word !== undefined; word = argv[end]) {
    if (globalWithValue.has(word)) end += 2;
    else if (globalAlone.test(word)) end += 1;
    else break;
  }
  return { leading: argv.slice(0, end), rest: argv.slice(end) };
}

const asksForHelp = (words: readonly string[]): boolean => words.includes("--help") || words.includes("-h");

/** Global flags without a value, and short flags with the value attached. */
const foreignAlone = /^(--verbose|--help|-h|--(profile|output)=.*|-[po].+)$/;

/**
 * For commands that pass words to another program: inserts `--` before the first word that is not one of our global flags (or of `own`, the
 * command's flags with a value, as `--node`), so that `kubectl get pods -o wide` and `kubectl -n x get pods` mean the same as with kubectl
 * even when the user omits the `--`.
 */
export function foreignWords(argv: readonly string[], own: readonly string[] = []): string[] {
  let end = 0;
  for (let word = argv[end]; word !== undefined && word !== "--"; word = argv[end]) {
    const [flag = ""] = word.split("=", 1);
    if (globalWithValue.has(word) || own.includes(word)) end += 2;
    else if (foreignAlone.test(word) || own.includes(flag)) end += 1;
    else break;
  }
  return argv[end] === undefined || argv[end] === "--"
    ? [...argv]
    : [...argv.slice(0, end), "--", ...argv.slice(end)];
}

/**
 * The requested output format, read without parsing the command line: an error in the command line itself must already be
 * reported in that format.
 */
export function requestedOutput(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OutputForm {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  let wanted = env["LOCALKUBE_OUTPUT"];
  words.forEach((word, index) => {
    const joined = /^(?:--output=|-o=?)(.+)$/.exec(word);
    if (joined) wanted = joined[1];
    else if (word === "--output" || word === "-o") wanted = words[index + 1];
  });
  return wanted === "json" ? "json" : "text";
}
