import type { CompletionNode } from "./completion-model.ts";
import { posixQuote, valuePatterns } from "./shell-parts.ts";

/** Script for zsh, to be sourced or saved as a file `_localkube` in `$fpath`. */
export function zshCompletion(nodes: readonly CompletionNode[]): string {
  const known = nodes.filter((node) => node.words !== "").map((node) => posixQuote(node.words));
  const lists = nodes.map((node) => {
    const words = [...node.children, ...node.values.map((word) => ({ word, summary: "" }))];
    const flags = node.flags.flatMap(({ spellings, summary }) =>
      spellings.map((word) => ({ word, summary })),
    );
    return `    ${posixQuote(node.words)}) words_=(${entries(words)}); flags_=(${entries(flags)}) ;;`;
  });
  const { withValues, withAnything } = valuePatterns(nodes);
  const valueCases = withValues.map(
    ({ pattern, values }) => `    ${pattern}) compadd -- ${values.map(posixQuote).join(" ")}; return ;;`,
  );
  return `#compdef localkube
# zsh completion of localkube
_localkube() {
  local id="" word skip="" previous="\${words[CURRENT-1]}"
  local -a words_ flags_
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
    -p | --profile | -o | --output) skip=1; continue ;;
    -*) continue ;;
    esac
    case "\${id:+$id }$word" in
    ${known.join(" | ")}) id="\${id:+$id }$word" ;;
    esac
  done
  case "$id:$previous" in
    *:-p | *:--profile) compadd -- "\${LOCALKUBE_HOME:-$HOME/.localkube}"/clusters/*(N:t); return ;;
${valueCases.join("\n")}
    ${withAnything.join(" | ")}) _files; return ;;
  esac
  case "$id" in
${lists.join("\n")}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then _describe flag flags_
  elif (( \${#words_} )); then _describe command words_
  else _files; fi
}
if [[ "\${funcstack[1]}" == _localkube ]]; then _localkube "$@"; else compdef _localkube localkube; fi
`;
}

/** `_describe` splits word and text at the first colon. */
const entries = (words: readonly { readonly word: string; readonly summary: string }[]): string =>
  words
    .map(({ word, summary }) => posixQuote(`${word.replaceAll(":", "\\:")}${summary && `:${summary}`}`))
    .join(" ");
