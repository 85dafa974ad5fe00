import { open } from "node:fs/promises";
import process from "node:process";
import { addonByName, type AddonFolder } from "../../addons/catalogue.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";

/** Options that a call gives, by addon. */
export type GivenOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Bytes of a file that is an option's value. */
const largestFile = 256 * 1024;

/** `ingress.hostPort=8080` by addon. Throws ADDON_OPTION_MALFORMED; the value is not repeated, because it may be a secret. Pure. */
export const parseSet = (texts: readonly string[]): GivenOptions =>
  byAddon(texts.map((text) => assignment(text, "set")));

/**
 * `openstack.admin-password=FILE` by addon, with the files' contents: UTF-8 of at most 256 KiB, without one newline at its end; `-` is standard input, which only one option can have.
 * Rejects with ADDON_OPTION_MALFORMED or ADDON_OPTION_FILE_UNUSABLE.
 */
export async function readSetFiles(
  texts: readonly string[],
  standardInput: AsyncIterable<Uint8Array | string> = process.stdin,
): Promise<GivenOptions> {
  const wanted = texts.map((text) => assignment(text, "set-file"));
  const ofInput = wanted.filter(({ value }) => value === "-");
  if (ofInput.length > 1)
    throw new LocalkubeError("ADDON_OPTION_MALFORMED", {
      flag: "set-file",
      value: `${ofInput[1]!.addon}.${ofInput[1]!.option}`,
      problem: "standard input is another option's already",
    });
  const read = [];
  for (const one of wanted) read.push({ ...one, value: await contentOf(one, standardInput) });
  return byAddon(read);
}

/** Options of both, those of `more` where both have one. Pure. */
export const withOptions = (some: GivenOptions, more: GivenOptions): GivenOptions =>
  Object.fromEntries(
    [...new Set([...Object.keys(some), ...Object.keys(more)])].map((addon) => [
      addon,
      { ...some[addon], ...more[addon] },
    ]),
  );

/**
 * Secrets are given neither where every user of the computer can read them nor where they would be stored: throws ADDON_SECRET_OPEN for options of known addons that are secrets.
 * `place` says where they were given: "by --set". Pure.
 */
export function refuseOpenSecrets(given: GivenOptions, known: readonly AddonFolder[], place: string): void {
  for (const [name, options] of Object.entries(given)) {
    if (!known.some(({ addon }) => addon.name === name)) continue;
    const { addon } = addonByName(name, known);
    const option = Object.keys(options).find((key) => addon.options[key]?.secret);
    if (option !== undefined) throw new LocalkubeError("ADDON_SECRET_OPEN", { addon: name, option, place });
  }
}

interface Assignment {
  readonly addon: string;
  readonly option: string;
  readonly value: string;
}

function assignment(text: string, flag: "set" | "set-file"): Assignment {
  const equals = text.indexOf("=");
  const place = equals < 0 ? text : text.slice(0, equals);
  const dot = place.indexOf(".");
  const malformed = (problem: string): LocalkubeError =>
    new LocalkubeError("ADDON_OPTION_MALFORMED", { flag, value: place, problem });
  if (equals < 0) throw malformed("'=' is missing");
  if (dot <= 0 || dot === place.length - 1) throw malformed("'.' between addon and option is missing");
  return { addon: place.slice(0, dot), option: place.slice(dot + 1), value: text.slice(equals + 1) };
}

function byAddon(assignments: readonly Assignment[]): GivenOptions {
  const given: Record<string, Record<string, string>> = {};
  for (const { addon, option, value } of assignments) (given[addon] ??= {})[option] = value;
  return given;
}

async function contentOf(
  { addon, option, value: file }: Assignment,
  standardInput: AsyncIterable<Uint8Array | string>,
): Promise<string> {
  const unusable = (problem: string, cause?: unknown): LocalkubeError =>
    new LocalkubeError("ADDON_OPTION_FILE_UNUSABLE", { addon, option, file, problem }, { cause });
  let bytes: Buffer | undefined;
  try {
    if (file === "-") bytes = await limited(standardInput);
    else {
      const handle = await open(file);
      try {
        bytes = await limited(handle.createReadStream({ autoClose: false }));
      } finally {
        await handle.close();
      }
    }
  } catch (cause) {
    throw unusable(messageOf(cause), cause);
  }
  if (!bytes) throw unusable(`it is larger than ${largestFile / 1024} KiB`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.replace(/\r?\n$/, "");
  } catch {
    throw unusable("it is no text in UTF-8");
  }
}

/** Undefined when there is more than an option may have; the rest is not read. */
async function limited(stream: AsyncIterable<Uint8Array | string>): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    const bytes = Buffer.from(part as Uint8Array);
    size += bytes.length;
    if (size > largestFile) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
