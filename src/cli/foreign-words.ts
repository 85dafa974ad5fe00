const withValue = new Set(["-p", "--profile", "-o", "--output"]);

/** Those of our flags that stand alone, and the short ones with their value joined. */
const alone = /^(--verbose|--help|-h|--(profile|output)=.*|-[po].+)$/;

/**
 * For commands that hand words to another program: puts `--` before the first word that is not one of our global flags, so that
 * `kubectl get pods -o wide` and `kubectl -n x get pods` mean what kubectl means also when the user leaves the `--` out.
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
