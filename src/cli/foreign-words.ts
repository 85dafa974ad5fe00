const withValue = new Set(["-p", "--profile", "-o", "--output"]);

/**
 * For commands that hand words to another program: puts `--` before the first word that is not one of our global flags, so that
 * `kubectl get pods -o wide` means kubectl's `-o` also when the user leaves the `--` out.
 */
export function foreignWords(argv: readonly string[]): string[] {
  let own = 0;
  for (let word = argv[own]; word?.startsWith("-") && word !== "--"; word = argv[own])
    own += withValue.has(word) ? 2 : 1;
  return argv[own] === undefined || argv[own] === "--"
    ? [...argv]
    : [...argv.slice(0, own), "--", ...argv.slice(own)];
}
