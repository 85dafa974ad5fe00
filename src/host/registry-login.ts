import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";

/** A login at a registry. The password is a secret: it goes to the nodes and nowhere else. */
export interface RegistryLogin {
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** Docker's form, which podman's has too (https://docs.docker.com/reference/cli/docker/login/#credential-stores). Other keys do not matter here. */
const loginFile = v.object({
  auths: v.optional(v.record(v.string(), v.looseObject({ auth: v.optional(v.string()) }))),
  credHelpers: v.optional(v.record(v.string(), v.string())),
  credsStore: v.optional(v.string()),
});
type LoginFile = v.InferOutput<typeof loginFile>;

const answer = v.object({ Username: v.string(), Secret: v.string() });
/** A program that asks a keyring may wait for the user to unlock it. */
const helperMs = 60_000;
/** What docker and its helpers have instead of a name when they hold a token that only docker itself can use. */
const tokenName = "<token>";

/**
 * The login for a registry: from the named file, or the first one among those of this user's docker and podman. Programs that keep logins for
 * docker (`credHelpers`, `credsStore`) are asked. Rejects with REGISTRY_LOGIN_MISSING, or REGISTRY_LOGIN_UNUSABLE for a file that cannot be
 * read or a login that is not a name with a password; no text contains a secret.
 */
export async function registryLogin(
  registry: string,
  file: string,
  host: Pick<HostContext, "env" | "run">,
  signal: AbortSignal,
): Promise<RegistryLogin> {
  const places = file === "" ? usualPlaces(host.env) : [file];
  for (const place of places) {
    const content = await readLogins(registry, place, file !== "");
    const found = content && (await loginIn(content, { registry, file: place, host, signal }));
    if (found) return { registry, ...found };
  }
  throw new LocalkubeError("REGISTRY_LOGIN_MISSING", { registry, places: places.join(", ") });
}

/** Of podman's and docker's documentation (containers-auth.json(5)). */
function usualPlaces(env: HostContext["env"]): readonly string[] {
  const home = env["HOME"] || homedir();
  const named = env["REGISTRY_AUTH_FILE"];
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    ...(named ? [named] : []),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
    ...(runtime ? [join(runtime, "containers/auth.json")] : []),
    join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers/auth.json"),
  ];
}

async function readLogins(registry: string, file: string, isNamed: boolean): Promise<LoginFile | undefined> {
  const unusable = (problem: string): LocalkubeError =>
    new LocalkubeError("REGISTRY_LOGIN_UNUSABLE", { registry, file, problem });
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    if (isMissing && !isNamed) return undefined;
    // The cause is left out, as everywhere below: some of them quote what they read.
    throw unusable(isMissing ? "there is no such file" : `it cannot be read (${code})`);
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw unusable("it is not JSON");
  }
  const parsed = v.safeParse(loginFile, json);
  if (!parsed.success) throw unusable("it does not have the form of docker's config.json");
  return parsed.output;
}

type NamedLogin = Omit<RegistryLogin, "registry">;

interface Search {
  readonly registry: string;
  readonly file: string;
  readonly host: Pick<HostContext, "run">;
  readonly signal: AbortSignal;
}

async function loginIn(content: LoginFile, search: Search): Promise<NamedLogin | undefined> {
  const keys = keysOf(search.registry);
  const { auths = {}, credHelpers = {}, credsStore } = content;
  const key = keys.find((name) => credHelpers[name] !== undefined);
  const helper = key === undefined ? undefined : credHelpers[key];
  if (key !== undefined && helper !== undefined) return askHelper(helper, [key], search);
  const stored = credsStore ? await askHelper(credsStore, keys, search) : undefined;
  if (stored) return stored;
  const written = Object.entries(auths).find(([name, { auth }]) => auth && keys.includes(plain(name)));
  if (!written?.[1].auth) return undefined;
  return decoded(written[1].auth, written[1]["identitytoken"] !== undefined, search);
}

/** Names under which a registry's login is kept, without scheme and `/v1/` or `/v2/`. */
const keysOf = (registry: string): readonly string[] =>
  registry === "docker.io"
    ? ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"]
    : [registry];

const plain = (key: string): string => key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");

function decoded(auth: string, isToken: boolean, { registry, file }: Search): NamedLogin {
  const unusable = (problem: string): LocalkubeError =>
    new LocalkubeError("REGISTRY_LOGIN_UNUSABLE", { registry, file, problem });
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw unusable("it is not a name with a password");
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, "")];
  if (isToken || username === tokenName) throw unusable("it is a token that only docker itself can use");
  return { username, password };
}

/** https://github.com/docker/docker-credential-helpers: `get` reads the name from standard input; it fails when it has none. */
async function askHelper(
  name: string,
  keys: readonly string[],
  { registry, file, host, signal }: Search,
): Promise<NamedLogin | undefined> {
  const unusable = (problem: string): LocalkubeError =>
    new LocalkubeError("REGISTRY_LOGIN_UNUSABLE", { registry, file, problem });
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw unusable(`'${name}' is not the name of a program`);
  const program = `docker-credential-${name}`;
  for (const key of keys) {
    const { exitCode, stdout } = await host
      .run([program, "get"], { stdin: key, signal, timeoutMs: helperMs, allowFailure: true })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        const id = error instanceof LocalkubeError ? error.id : "";
        throw unusable(
          id === "HOST_COMMAND_TIMEOUT"
            ? `${program} did not answer within ${helperMs / 1000} s`
            : `the program ${program}, which it names, cannot be run`,
        );
      });
    if (exitCode !== 0) continue;
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answer), stdout);
    if (!parsed.success) throw unusable(`${program} answered something else than a login`);
    const { Username: username, Secret: password } = parsed.output;
    if (username === tokenName) throw unusable(`${program} has a token that only docker itself can use`);
    return { username, password };
  }
  return undefined;
}
