const withValue = ["-p", "--profile", "-o", "--output"];

/** Global flags without a value, and short flags with the value attached. */
const alone = /^(--verbose|--help|-h|--(profile|output)=.*|-[po].+)$/;

/**
 * For commands that pass words to another program: inserts `--` before the first word that is not one of our global flags (or of `own`, the
 * command's flags with a value, as `--node`), so that `kubectl get pods -o wide` and `kubectl -n x get pods` mean the same as with kubectl
 * even when the user omits the `--`.
 */
export function foreignWords(argv: readonly string[], own: readonly string[] = []): string[] {
  let end = 0;
  for (let word = argv[end]; word !== undefined && word !== "--"; word = argv[end]) {
    const [flag = ""] = word.split("=", 1);
    if (withValue.includes(word) || own.includes(word)) end += 2;
    else if (alone.test(word) || own.includes(flag)) end += 1;
    else break;
  }
  return argv[end] === undefined || argv[end] === "--"
    ? [...argv]
    : [...argv.slice(0, end), "--", ...argv.slice(end)];
}
