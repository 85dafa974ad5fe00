import {
  LineCounter,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export type EntryKind = "cluster" | "user" | "context";
export const entryKinds: readonly EntryKind[] = ["cluster", "user", "context"];

/** Name of the extension by which an entry is known to be ours. */
const ownMark = "localkube";

/** A kubeconfig under edit: what is not ours keeps its text, order and comments. */
export class KubeconfigDocument {
  readonly #file: string;
  readonly #text: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** Throws KUBECONFIG_MALFORMED. An empty text is an empty kubeconfig. */
  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    // All scalars are text here: whether `010` or `yes` is a number or a truth is for its readers to say, and must not change its spelling.
    const schema = { schema: "failsafe", customTags: ["null" as const] };
    const parsed = parseDocument(text, { ...schema, lineCounter: this.#lines, prettyErrors: false });
    this.#document = parsed;
    const [error] = parsed.errors;
    if (error) throw this.#malformed(error.pos[0], error.message);
    if (parsed.contents !== null && !isMap(parsed.contents) && !isNull(parsed.contents))
      throw this.#malformed(0, "it is not a mapping");
    if (!isMap(parsed.contents)) this.#document.contents = this.#document.createNode(emptyKubeconfig());
    for (const kind of entryKinds) this.#entries(kind);
  }

  get currentContext(): string {
    const current = this.#document.get("current-context");
    return typeof current === "string" ? current : "";
  }

  set currentContext(name: string) {
    if (name !== this.currentContext) this.#document.set("current-context", this.#scalar(name));
  }

  has(kind: EntryKind, name: string): boolean {
    return this.#find(kind, name) !== undefined;
  }

  isOurs(kind: EntryKind, name: string): boolean {
    return this.#mark(kind, name) !== undefined;
  }

  field(kind: EntryKind, name: string, field: string): string | undefined {
    const value = this.#body(kind, name)?.get(field);
    return typeof value === "string" ? value : undefined;
  }

  /** Note left in our mark, for instance `previous-context`. */
  note(name: string, key: string): string | undefined {
    const value = this.#mark("context", name)?.getIn(["extension", key]);
    return typeof value === "string" ? value : undefined;
  }

  setNote(name: string, key: string, value: string | undefined): void {
    const mark = this.#mark("context", name);
    if (this.note(name, key) === value) return;
    if (value === undefined) mark?.deleteIn(["extension", key]);
    else mark?.setIn(["extension", key], this.#scalar(value));
  }

  /** Contexts of all our clusters. */
  ownContexts(): readonly string[] {
    const names = (this.#entries("context")?.items ?? []).flatMap((item) =>
      isMap(item) ? item.get("name") : [],
    );
    return names.filter((name) => typeof name === "string").filter((name) => this.isOurs("context", name));
  }

  /** Sets fields of an entry of ours, making it if need be; undefined removes a field; others (a namespace of the user's) stay. */
  put(kind: EntryKind, name: string, fields: Readonly<Record<string, string | undefined>>): void {
    if (!this.has(kind, name)) this.#add(kind, name);
    const body = this.#body(kind, name);
    for (const [field, value] of Object.entries(fields)) {
      if (this.field(kind, name, field) === value && (value !== undefined || !body?.has(field))) continue;
      if (value === undefined) body?.delete(field);
      else body?.set(field, this.#scalar(value));
    }
  }

  remove(kind: EntryKind, name: string): void {
    const entries = this.#entries(kind);
    const entry = this.#find(kind, name);
    if (entries && entry) entries.items.splice(entries.items.indexOf(entry), 1);
  }

  /** Nothing in it that anybody wrote: no entry, no comment, no field beyond the empty frame. */
  get isEmpty(): boolean {
    const frame = new Set(Object.keys(emptyKubeconfig()));
    const content = this.#document.toJS() as Record<string, unknown>;
    const isBare = Object.entries(content).every(([key, value]) => frame.has(key) && isVoid(key, value));
    return isBare && !this.#text.includes("#");
  }

  toString(): string {
    return this.#document.toString({
      lineWidth: 0,
      indent: usualIndent(this.#text),
      indentSeq: !(this.#text.trim() === "" || /^( *)[\w.-]+:[ \t]*(?:#.*)?\n\1- /m.test(this.#text)),
      flowCollectionPadding: !/[{[][^\s}\]]/.test(this.#text),
    });
  }

  #add(kind: EntryKind, name: string): void {
    let entries = this.#entries(kind);
    if (!entries) {
      this.#document.set(`${kind}s`, this.#document.createNode([]));
      entries = this.#entries(kind);
    }
    // An empty list is written as []; what comes in shall be readable.
    if (entries?.items.length === 0) entries.flow = false;
    const extensions = [{ extension: { profile: this.#scalar(name) }, name: ownMark }];
    const entry = { [kind]: { extensions }, name: this.#scalar(name) };
    entries?.items.push(this.#document.createNode(entry));
  }

  #entries(kind: EntryKind): YAMLSeq | undefined {
    const node = this.#document.get(`${kind}s`, true);
    if (node === undefined || isNull(node)) return undefined;
    if (isSeq(node)) return node;
    const offset = (node as { range?: readonly number[] }).range?.[0] ?? 0;
    throw this.#malformed(offset, `${kind}s is not a list`);
  }

  #find(kind: EntryKind, name: string): YAMLMap | undefined {
    return this.#entries(kind)
      ?.items.filter((item) => isMap(item))
      .find((item) => item.get("name") === name);
  }

  #body(kind: EntryKind, name: string): YAMLMap | undefined {
    const body = this.#find(kind, name)?.get(kind, true);
    return isMap(body) ? body : undefined;
  }

  #mark(kind: EntryKind, name: string): YAMLMap | undefined {
    const extensions = this.#body(kind, name)?.get("extensions", true);
    if (!isSeq(extensions)) return undefined;
    return extensions.items.filter((item) => isMap(item)).find((item) => item.get("name") === ownMark);
  }

  /** Quoted whenever a YAML 1.1 reader, as kubectl is, might take the text for a number, a truth or nothing. */
  #scalar(text: string) {
    const scalar = this.#document.createNode(text);
    const isWord =
      /^[A-Za-z/][\w./:-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
    const isData = text.length > 40 && /^[A-Za-z][A-Za-z0-9+/]*=*$/.test(text);
    if (isScalar(scalar) && !isWord && !isData) scalar.type = "QUOTE_DOUBLE";
    return scalar;
  }

  #malformed(offset: number, problem: string): LocalkubeError {
    const line = Math.max(this.#lines.linePos(offset).line, 1);
    return new LocalkubeError("KUBECONFIG_MALFORMED", { file: this.#file, line, problem });
  }
}

function emptyKubeconfig() {
  return {
    apiVersion: "v1",
    clusters: [],
    contexts: [],
    "current-context": "",
    kind: "Config",
    preferences: {},
    users: [],
  };
}

function isVoid(key: string, value: unknown): boolean {
  if (key === "apiVersion" || key === "kind") return true;
  if (value === "" || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

const isNull = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null);

function usualIndent(text: string): number {
  const depths = [...text.matchAll(/^( +)[^\s#]/gm)].map(([, spaces = ""]) => spaces.length);
  return Math.min(Math.max(Math.min(...depths, 8), 2), depths.length === 0 ? 2 : 8);
}
