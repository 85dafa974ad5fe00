import type { CompletionNode } from "./completion-model.ts";

/** Script for PowerShell: `localkube completion powershell | Out-String | Invoke-Expression`. */
export function powershellCompletion(nodes: readonly CompletionNode[]): string {
  const table = nodes.map((node) => {
    const words = [...node.children, ...node.values.map((word) => ({ word, summary: "" }))];
    const flags = node.flags.flatMap(({ spellings, summary }) =>
      spellings.map((word) => ({ word, summary })),
    );
    const values = node.flags
      .filter((flag) => flag.values.length > 0)
      .flatMap((flag) =>
        flag.spellings.map((one) => `${quote(one)} = @(${flag.values.map(quote).join(", ")})`),
      );
    return `    ${quote(node.words)} = @{ words = ${entries(words)}; flags = ${entries(flags)}; values = @{ ${values.join("; ")} } }`;
  });
  return `# PowerShell completion of localkube
Register-ArgumentCompleter -Native -CommandName localkube -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  # Names of commands and flags are told apart by case: -p and -P are two flags.
  $nodes = [System.Collections.Hashtable]::new([System.StringComparer]::Ordinal)
  $table = @{
${table.join("\n")}
  }
  foreach ($key in $table.Keys) { $nodes[$key] = $table[$key] }
  $id = ''
  $skip = $false
  $previous = ''
  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
    $word = $element.ToString()
    $previous = $word
    if ($skip) { $skip = $false; continue }
    if (@('-p', '--profile', '-o', '--output') -ccontains $word) { $skip = $true; continue }
    if ($word.StartsWith('-')) { continue }
    $candidate = ($id + ' ' + $word).Trim()
    if ($nodes.ContainsKey($candidate)) { $id = $candidate }
  }
  $node = $nodes[$id]
  if ($node.values.ContainsKey($previous)) { $found = $node.values[$previous] | ForEach-Object { , @($_, '') } }
  elseif ($wordToComplete.StartsWith('-')) { $found = $node.flags }
  else { $found = $node.words }
  $found | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
    $tip = if ($_[1]) { $_[1] } else { $_[0] }
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $tip)
  }
}
`;
}

/** A list of pairs; the leading comma of each pair keeps PowerShell from flattening a list with one element. */
const entries = (words: readonly { readonly word: string; readonly summary: string }[]): string =>
  `@(${words.map(({ word, summary }) => `, @(${quote(word)}, ${quote(summary)})`).join("; ")})`;

const quote = (text: string): string => `'${text.replaceAll(/['\u2018\u2019]/g, "$&$&")}'`;
