import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registryLogin } from "../../../src/host/registry-login.ts";
import { runCommand } from "../../../src/host/run-command.ts";

let home = "";
let path = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube-login-"));
  path = process.env["PATH"] ?? "";
});
afterEach(async () => {
  process.env["PATH"] = path;
  await rm(home, { recursive: true });
});

const auth = (user: string, password: string) => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});
const write = async (file: string, content: unknown): Promise<string> => {
  await mkdir(dirname(join(home, file)), { recursive: true });
  await writeFile(join(home, file), typeof content === "string" ? content : JSON.stringify(content));
  return join(home, file);
};
/** A credential helper that knows one login and writes down what it was asked. */
const helper = async (name: string, key: string, answer: string): Promise<void> => {
  const file = await write(
    `bin/docker-credential-${name}`,
    `#!/bin/sh
read -r key
echo "$1 $key $#" >> ${home}/asked
[ "$key" = "${key}" ] || { echo "credentials not found in native keychain"; exit 1; }
printf '%s' '${answer}'
`,
  );
  await chmod(file, 0o755);
  process.env["PATH"] = `${join(home, "bin")}:${path}`;
};
const find = (registry: string, file = "", env: Record<string, string> = {}) =>
  registryLogin(
    registry,
    file,
    { env: { HOME: home, ...env }, run: runCommand },
    AbortSignal.timeout(20_000),
  );

test("a login is found in each place that docker and podman have, the named one first", async () => {
  const places: readonly (readonly [string, Record<string, string>])[] = [
    [".config/containers/auth.json", {}],
    ["run/containers/auth.json", { XDG_RUNTIME_DIR: join(home, "run") }],
    [".docker/config.json", {}],
    ["other/config.json", { DOCKER_CONFIG: join(home, "other") }],
    ["named.json", { REGISTRY_AUTH_FILE: join(home, "named.json") }],
  ];
  let env: Record<string, string> = {};
  for (const [file, more] of places) {
    await write(file, { auths: { "reg.example:5000": auth("alice", `pw of ${file}`) } });
    env = { ...env, ...more };
    expect(await find("reg.example:5000", "", env)).toEqual({
      registry: "reg.example:5000",
      username: "alice",
      password: `pw of ${file}`,
    });
  }
  // A file that is named on the command line is the only one.
  const file = await write("only.json", { auths: { "https://reg.example:5000/v2/": auth("bob", "a:b") } });
  expect(await find("reg.example:5000", file, env)).toMatchObject({ username: "bob", password: "a:b" });
  await expect(find("absent.example", file, env)).rejects.toMatchObject({
    id: "REGISTRY_LOGIN_MISSING",
    message: `There is no login for absent.example in ${file}`,
  });
});

test.each(["docker.io", "index.docker.io", "https://index.docker.io/v1/"])(
  "%s is Docker's registry",
  async (key) => {
    await write(".docker/config.json", { auths: { [key]: auth("alice", "pw") } });
    expect(await find("docker.io")).toMatchObject({ username: "alice", password: "pw" });
  },
);

test("a helper of the registry is asked by standard input, a store by every name", async () => {
  await helper("one", "reg.example", JSON.stringify({ ServerURL: "", Username: "alice", Secret: "kept" }));
  await write(".docker/config.json", {
    credHelpers: { "reg.example": "one" },
    auths: { "reg.example": auth("old", "old") },
  });
  expect(await find("reg.example")).toMatchObject({ username: "alice", password: "kept" });
  await helper("two", "https://index.docker.io/v1/", JSON.stringify({ Username: "bob", Secret: "hub" }));
  await write(".docker/config.json", {
    credsStore: "two",
    auths: { "plain.example": auth("carol", "written") },
  });
  expect(await find("docker.io")).toMatchObject({ username: "bob", password: "hub" });
  expect(await find("plain.example")).toMatchObject({ username: "carol", password: "written" });
  await expect(find("none.example")).rejects.toMatchObject({ id: "REGISTRY_LOGIN_MISSING" });
});

const secret = "very-secret";
test.each([
  ["is no JSON", `{"auths": ${secret}`, /not JSON/],
  ["has another form", { auths: [secret] }, /does not have the form/],
  [
    "has half a login",
    { auths: { "reg.example": { auth: Buffer.from(secret).toString("base64") } } },
    /not a name/,
  ],
  ["has a token", { auths: { "reg.example": auth("<token>", secret) } }, /token that only docker/],
  [
    "has an identity token",
    { auths: { "reg.example": { ...auth("alice", ""), identitytoken: secret } } },
    /token that only docker/,
  ],
  [
    "names a helper that is not there",
    { credHelpers: { "reg.example": "not-there-at-all" } },
    /cannot be run/,
  ],
  ["names a helper with a path", { credHelpers: { "reg.example": "../evil" } }, /not the name of a program/],
])("a file that %s is refused without a word of its secrets", async (_what, content, said) => {
  await write(".docker/config.json", content);
  const failure = (await find("reg.example").catch((error: unknown) => error)) as Error;
  expect(failure).toMatchObject({
    id: "REGISTRY_LOGIN_UNUSABLE",
    message: expect.stringMatching(said) as string,
  });
  expect(`${failure.message} ${String(failure.cause)} ${failure.stack}`).not.toContain(secret);
});

test("what a helper says besides a login is not repeated", async () => {
  await helper("odd", "reg.example", `[\"${secret}\"]`);
  await write(".docker/config.json", { credHelpers: { "reg.example": "odd" } });
  const failure = (await find("reg.example").catch((error: unknown) => error)) as Error;
  expect(failure).toMatchObject({ id: "REGISTRY_LOGIN_UNUSABLE" });
  expect(`${failure.message} ${String(failure.cause)}`).not.toContain(secret);
});

test("a named file that is not there is an error that names it", async () => {
  await expect(find("reg.example", join(home, "gone.json"))).rejects.toMatchObject({
    id: "REGISTRY_LOGIN_UNUSABLE",
    message: expect.stringContaining("there is no such file") as string,
  });
});
