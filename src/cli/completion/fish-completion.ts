import type { CompletionFlag, CompletionNode } from "./completion-model.ts";

/** Script for fish: `localkube completion fish | source`. */
export function fishCompletion(nodes: readonly CompletionNode[]): string {
  const known = nodes.filter((node) => node.words !== "").map((node) => quote(node.words));
  const lines = nodes.flatMap((node) => {
    const here = `complete -c localkube -n ${quote(`__localkube_at ${quote(node.words)}`)}`;
    return [
      ...node.children.map(({ word, summary }) => `${here} -f -a ${quote(word)} -d ${quote(summary)}`),
      ...(node.values.length > 0 ? [`${here} -f -a ${quote(node.values.join(" "))}`] : []),
      ...node.flags.map((flag) => `${here} ${flagPart(flag)}`),
    ];
  });
  return `# fish completion of localkube
function __localkube_at
  set -l id ''
  set -l skip ''
  for word in (commandline -opc)[2..-1]
    if test -n "$skip"
      set skip ''
      continue
    end
    switch $word
      case -p --profile -o --output
        set skip 1
        continue
      case '-*'
        continue
    end
    set -l candidate (string trim -- "$id $word")
    if contains -- $candidate ${known.join(" ")}
      set id $candidate
    end
  end
  test "$id" = "$argv[1]"
end
function __localkube_profiles
  set -l home $LOCALKUBE_HOME
  test -n "$home"; or set home ~/.localkube
  command ls $home/clusters 2>/dev/null
end
${lines.join("\n")}
`;
}

function flagPart({ spellings, summary, takesValue, values }: CompletionFlag): string {
  const names = spellings.map((one) => (one.startsWith("--") ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`));
  const choices = spellings.includes("--profile") ? "(__localkube_profiles)" : values.join(" ");
  const value = takesValue ? (choices === "" ? ["-r"] : ["-x", `-a ${quote(choices)}`]) : ["-f"];
  return [...names, ...value, `-d ${quote(summary)}`].join(" ");
}

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
