import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type DocumentOptions,
  type Node,
  type ParseOptions,
  type SchemaOptions,
} from "yaml";

/** A user's YAML text, parsed to its end; every anchor that is used exists. */
export interface UserYaml {
  readonly documents: readonly [Document.Parsed, ...Document.Parsed[]];
  /** Line and column of an offset, from 1. */
  readonly at: (offset: number) => { readonly line: number; readonly column: number };
  /** The target of an alias; any other node itself. */
  readonly resolve: <T>(node: T) => T | Node;
  /** The documents as plain values. Throws `invalid` for keys that are not text and for aliases that expand to more than memory can hold. */
  readonly values: () => readonly unknown[];
}

export interface UserYamlOptions {
  readonly parse?: ParseOptions & DocumentOptions & SchemaOptions;
  /** Whether there may be more than one document. Default false. */
  readonly several?: boolean;
  /** Also reject what the parser only warns about, for instance an unknown tag. Default true. */
  readonly strict?: boolean;
}

type Invalid = (problem: string, line: number, column: number) => Error;

/** More than any manifest contains, and less than would be a problem. */
const mostValues = 1_000_000;

/**
 * Parses a YAML text written by the user. Every problem is thrown as the error that `invalid` creates, with its position: the parser's
 * errors and warnings, several documents where one is expected, aliases without an anchor or inside their own target. Pure.
 */
export function readUserYaml(text: string, invalid: Invalid, options: UserYamlOptions = {}): UserYaml {
  const { parse, several = false, strict = true } = options;
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fault = (offset: number, problem: string): Error => {
    const { line, column } = at(offset);
    return invalid(problem, line, column);
  };
  const how = { lineCounter: lines, prettyErrors: false, ...parse };
  // A text without any value is a document without one, which keeps its comments.
  const [first = parseDocument(text, how), ...others] = parseAllDocuments(text, how);
  const documents = [first, ...others] as const;
  for (const { errors, warnings } of documents) {
    const [problem] = strict ? [...errors, ...warnings] : errors;
    if (problem?.code === "RESOURCE_EXHAUSTION") throw fault(problem.pos[0], "it is nested too deeply");
    if (problem) throw fault(problem.pos[0], sentence(problem.message));
  }
  const [second] = others;
  if (second && !several) throw fault(second.range[0], "a second document begins here; only one is read");
  const anchors = new Map<Alias, Node>();
  for (const document of documents) resolveAliases(document, anchors, fault);
  const resolve = <T>(node: T) => (isAlias(node) ? (anchors.get(node) ?? node) : node);
  const values = () => {
    const sizes = new Map<unknown, number>();
    return documents.map((document) => {
      assertKeys(document, resolve, fault);
      if (unfoldedSize(document.contents, resolve, sizes) > mostValues)
        throw fault(0, `its aliases unfold to more than ${mostValues} values`);
      // Counted above; kubectl does not have the parser's own limit.
      return document.toJS({ maxAliasCount: -1 }) as unknown;
    });
  };
  return { documents, at, resolve, values };
}

type Fault = (offset: number, problem: string) => Error;

function resolveAliases(document: Document.Parsed, anchors: Map<Alias, Node>, fault: Fault): void {
  const known = new Map<string, Node>();
  visit(document, {
    Node: (_key, node, path) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) known.set(node.anchor, node);
        return;
      }
      const target = known.get(node.source);
      const offset = node.range?.[0] ?? 0;
      if (!target) throw fault(offset, `the alias *${node.source} has no anchor &${node.source} before it`);
      if (path.includes(target))
        throw fault(offset, `the alias *${node.source} is inside what it stands for`);
      anchors.set(node, target);
    },
  });
}

function assertKeys(document: Document.Parsed, resolve: UserYaml["resolve"], fault: Fault): void {
  visit(document, {
    Pair: (_key, { key }) => {
      const offset = (isNode(key) ? key.range?.[0] : undefined) ?? 0;
      if (!isScalar(resolve(key))) throw fault(offset, "a key must be a text, not a list or a mapping");
    },
  });
}

/** Number of values when every alias is expanded; stops counting above the limit. */
function unfoldedSize(node: unknown, resolve: UserYaml["resolve"], sizes: Map<unknown, number>): number {
  const target = resolve(node);
  if (isPair(target)) return unfoldedSize(target.value, resolve, sizes);
  if (!isCollection(target)) return 1;
  const before = sizes.get(target);
  if (before !== undefined) return before;
  let size = 1;
  if (isMap(target) || isSeq(target))
    for (const item of target.items)
      size = Math.min(size + unfoldedSize(item, resolve, sizes), mostValues + 1);
  sizes.set(target, size);
  return size;
}

/** The parser's message, as the rest of a sentence of ours. */
const sentence = (message: string): string => (message.split("\n")[0] ?? "").replace(/\.$/, "");
