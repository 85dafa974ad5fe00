import type { CompletionNode } from "./completion-model.ts";

/** Quotes a word for a POSIX shell; also valid for zsh. */
export const posixQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface ValuePatterns {
  readonly withValues: readonly { readonly pattern: string; readonly values: readonly string[] }[];
  readonly withAnything: readonly string[];
}

/**
 * Patterns of a POSIX `case` over "command:flag before the cursor": flags with a list of values, and flags with free
 * values. Flags that all commands have (`--output`) occur once, with a star for the command.
 */
export function valuePatterns(nodes: readonly CompletionNode[]): ValuePatterns {
  const commands = nodes.filter((node) => node.flags.some((flag) => flag.takesValue));
  const patterns = new Map<string, readonly string[]>();
  for (const node of commands)
    for (const flag of node.flags.filter(
      ({ takesValue, spellings }) => takesValue && spellings[0] !== "--profile",
    ))
      for (const spelling of flag.spellings) {
        const inAll = commands.every((other) =>
          other.flags.some(
            (one) => one.spellings.includes(spelling) && String(one.values) === String(flag.values),
          ),
        );
        patterns.set(inAll ? `*:${spelling}` : `${posixQuote(node.words)}:${spelling}`, flag.values);
      }
  const all = [...patterns].map(([pattern, values]) => ({ pattern, values }));
  return {
    withValues: all.filter(({ values }) => values.length > 0),
    // A `case` needs at least one pattern; this one never matches.
    withAnything: [...all.filter(({ values }) => values.length === 0).map(({ pattern }) => pattern), "'='"],
  };
}
