import { isCollection, isMap, isScalar, isSeq, type Document, type YAMLMap, type YAMLSeq } from "yaml";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { readUserYaml, type UserYaml } from "../../host/user-yaml.ts";
import { jsonText } from "./json-text.ts";

export type EntryKind = "cluster" | "user" | "context";
export const entryKinds: readonly EntryKind[] = ["cluster", "user", "context"];

/** Name of the extension by which an entry is known to be ours. */
const ownMark = "localkube";

/** A kubeconfig being edited: what is not ours keeps its text, order and comments. */
export class KubeconfigDocument {
  /** There was no such file. */
  readonly isNew: boolean;
  /** This file never held anything of the user's: it may be removed when it is empty. */
  isDisposable = false;
  readonly #file: string;
  readonly #text: string;
  readonly #yaml: UserYaml;
  readonly #document: Document;

  /** Throws KUBECONFIG_MALFORMED. An empty text, or none, is an empty kubeconfig. */
  constructor(file: string, text: string | undefined) {
    this.#file = file;
    this.isNew = text === undefined;
    this.#text = text ?? "";
    // All scalars are text here: whether `010` or `yes` is a number or a boolean is up to its readers, and must not change its spelling.
    const parse = { schema: "failsafe" as const, customTags: ["null" as const] };
    const malformed = (problem: string, line: number, column: number) =>
      new LocalkubeError("KUBECONFIG_MALFORMED", { file, line, column, problem });
    // Tags like !!int are up to its readers too.
    this.#yaml = readUserYaml(this.#text, malformed, { parse, strict: false });
    this.#document = this.#yaml.documents[0];
    const { contents } = this.#document;
    if (contents !== null && !isMap(contents) && !isNull(contents))
      throw this.#malformed(0, "it is not a mapping");
    if (!isMap(contents)) this.#document.contents = this.#document.createNode(emptyKubeconfig());
    for (const kind of entryKinds) this.#entries(kind);
  }

  get currentContext(): string {
    return this.#string(this.#document.get("current-context", true)) ?? "";
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
    return this.#string(this.#body(kind, name)?.get(field, true));
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
    const names = this.#maps(this.#entries("context")).map((item) => this.#string(item.get("name", true)));
    return names.filter((name) => name !== undefined).filter((name) => this.isOurs("context", name));
  }

  /** Sets fields of an entry of ours, creating it if necessary; undefined removes a field; others (the user's namespace) are kept. */
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
    const index = entries?.items.findIndex((item) => this.#yaml.resolve(item) === entry) ?? -1;
    if (entry && index >= 0) entries?.items.splice(index, 1);
  }

  /** Nothing in it that a person wrote: no entry, no comment, no field beyond the empty frame. */
  get isEmpty(): boolean {
    const frame = new Set(Object.keys(emptyKubeconfig()));
    const { contents } = this.#document;
    const isBare =
      isMap(contents) &&
      contents.items.every(({ key, value }) => {
        const name = this.#string(key) ?? "";
        return frame.has(name) && isVoid(name, this.#yaml.resolve(value));
      });
    return isBare && !this.#text.includes("#");
  }

  /** A file that is JSON stays JSON. */
  toString(): string {
    if (isJson(this.#text)) return jsonText(this.#document.contents, this.#text);
    try {
      return this.#yamlText();
    } catch (problem) {
      // An anchor that others use was removed with an entry.
      throw this.#malformed(0, (problem as Error).message);
    }
  }

  #yamlText(): string {
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
    // An empty list is written as []; what is added must be readable.
    if (entries?.items.length === 0) entries.flow = false;
    const extensions = [{ extension: { profile: this.#scalar(name) }, name: ownMark }];
    const entry = { [kind]: { extensions }, name: this.#scalar(name) };
    entries?.items.push(this.#document.createNode(entry));
  }

  #entries(kind: EntryKind): YAMLSeq | undefined {
    const node = this.#yaml.resolve(this.#document.get(`${kind}s`, true));
    if (node === undefined || isNull(node)) return undefined;
    if (isSeq(node)) return node;
    const offset = (node as { range?: readonly number[] }).range?.[0] ?? 0;
    throw this.#malformed(offset, `${kind}s is not a list`);
  }

  #find(kind: EntryKind, name: string): YAMLMap | undefined {
    return this.#maps(this.#entries(kind)).find((item) => this.#string(item.get("name", true)) === name);
  }

  #body(kind: EntryKind, name: string): YAMLMap | undefined {
    const body = this.#yaml.resolve(this.#find(kind, name)?.get(kind, true));
    return isMap(body) ? body : undefined;
  }

  #mark(kind: EntryKind, name: string): YAMLMap | undefined {
    const extensions = this.#yaml.resolve(this.#body(kind, name)?.get("extensions", true));
    if (!isSeq(extensions)) return undefined;
    return this.#maps(extensions).find((item) => this.#string(item.get("name", true)) === ownMark);
  }

  #maps(list: YAMLSeq | undefined): readonly YAMLMap[] {
    return (list?.items ?? []).map((item) => this.#yaml.resolve(item)).filter((item) => isMap(item));
  }

  #string(node: unknown): string | undefined {
    const scalar = this.#yaml.resolve(node);
    return isScalar(scalar) && typeof scalar.value === "string" ? scalar.value : undefined;
  }

  /** Quoted whenever a YAML 1.1 reader, as kubectl is, might take the text for a number, a boolean or null. */
  #scalar(text: string) {
    const scalar = this.#document.createNode(text);
    const isWord =
      /^[A-Za-z/][\w./:-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
    const isData = text.length > 40 && /^[A-Za-z][A-Za-z0-9+/]*=*$/.test(text);
    if (isScalar(scalar) && !isWord && !isData) scalar.type = "QUOTE_DOUBLE";
    return scalar;
  }

  #malformed(offset: number, problem: string): LocalkubeError {
    return new LocalkubeError("KUBECONFIG_MALFORMED", {
      file: this.#file,
      ...this.#yaml.at(offset),
      problem,
    });
  }
}

function isJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
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
  if (isCollection(value)) return value.items.length === 0;
  return value === null || (isScalar(value) && (value.value === "" || value.value === null));
}

const isNull = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null);

function usualIndent(text: string): number {
  const depths = [...text.matchAll(/^( +)[^\s#]/gm)].map(([, spaces = ""]) => spaces.length);
  return Math.min(Math.max(Math.min(...depths, 8), 2), depths.length === 0 ? 2 : 8);
}
