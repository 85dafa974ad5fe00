import type { CompletionNode } from "./completion-model.ts";
import { posixQuote, valuePatterns } from "./shell-parts.ts";

/** Script for bash 4 and newer: `source <(localkube completion bash)`. */
export function bashCompletion(nodes: readonly CompletionNode[]): string {
  const known = nodes.filter((node) => node.words !== "").map((node) => posixQuote(node.words));
  const wordLists = nodes.map((node) => {
    const words = [...node.children.map((child) => child.word), ...node.values];
    const flags = node.flags.flatMap((flag) =>
      flag.spellings.filter((spelling) => spelling.startsWith("--")),
    );
    return `    ${posixQuote(node.words)}) words=${posixQuote(words.join(" "))}; flags=${posixQuote(flags.join(" "))} ;;`;
  });
  const { withValues, withAnything } = valuePatterns(nodes);
  const valueCases = withValues.map(
    ({ pattern, values }) =>
      `    ${pattern}) mapfile -t COMPREPLY < <(compgen -W ${posixQuote(values.join(" "))} -- "$current"); return ;;`,
  );
  return `# bash completion of localkube
_localkube() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local id="" word words="" flags="" skip=""
  # Bash splits --flag=value at the sign.
  if [[ "$current" == "=" ]]; then current=""
  elif [[ "$previous" == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
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
    *:-p | *:--profile)
      mapfile -t COMPREPLY < <(compgen -W "$(command ls "\${LOCALKUBE_HOME:-$HOME/.localkube}/clusters" 2>/dev/null)" -- "$current")
      return ;;
${valueCases.join("\n")}
    ${withAnything.join(" | ")}) return ;;
  esac
  case "$id" in
${wordLists.join("\n")}
  esac
  if [[ "$current" == -* ]]; then words="$flags"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
# Where we offer nothing, bash offers files.
complete -o default -F _localkube localkube
`;
}
