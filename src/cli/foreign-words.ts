const withValue = new Set(["-p", "--profile", "-o", "--output"]);

/** Global flags without a value, and short flags with the value attached. */
const alone = /^(--verbose|--help|-h|--(profile|output)=.*|-[po].+)$/;

/**
 * For commands that pass words to another program: inserts `--` before the first word that is not one of our global flags, so that
 * `kubectl get pods -o wide` and `kubectl -n x get pods` mean the same as with kubectl even when the user omits the `--`.
 */
export function foreignWords(argv: readonly string[]): string[] {
  let own = 0;
  for (let word = argv[own]; word !== undefined && word !== "--"; word = argv[own]) {
    if (withValue.has(word)) own += 2;
    else if (alone.test(word)) own += 1;
    else break;
  }
  return argv[own] === undefined || argv[own] === "--"
    ? [...argv]
    : [...argv.slice(0, own), "--", ...argv.slice(own)];
}
