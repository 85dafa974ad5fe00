import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});
const dryRun = (...argv: string[]) => [
  "start",
  "--driver",
  "podman",
  "--artifacts",
  "upstream",
  "--dry-run",
  ...argv,
];
const secret = Buffer.from("alice:very-secret").toString("base64");
const logIn = async (file: string): Promise<string> => {
  await mkdir(join(home, ".docker"), { recursive: true });
  await writeFile(join(home, file), JSON.stringify({ auths: { "reg.example": { auth: secret } } }));
  return join(home, file);
};

test("a login is taken from the user's own, by flag, variable and file; without it nothing begins", async () => {
  const file = join(home, "localkube.yaml");
  const spec = { apiVersion: "localkube/v1", kind: "Cluster", registries: { logins: { "reg.example": "" } } };
  await writeFile(file, JSON.stringify(spec));
  const ways: readonly (readonly [string[], Record<string, string>])[] = [
    [["--registry-auth", "reg.example"], {}],
    [[], { LOCALKUBE_REGISTRY_AUTH: "reg.example" }],
    [["--config", file], {}],
  ];
  for (const [argv, env] of ways) {
    const { exitCode, stderr } = await localkube(home, dryRun(...argv), env);
    expect(stderr).toContain("Error REGISTRY_LOGIN_MISSING: There is no login for reg.example");
    expect(stderr).toContain(join(home, ".docker/config.json"));
    expect(exitCode).toBe(78);
  }
  await logIn(".docker/config.json");
  for (const [argv, env] of ways) {
    const { exitCode, stdout, stderr } = await localkube(home, [...dryRun(...argv), "--verbose"], env);
    expect(exitCode, stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(new RegExp(`very-secret|${secret}`));
  }
});

test("a path in a setting is kept as absolute, and one in a file is relative to the file", async () => {
  const set = await localkube(home, ["config", "set", "registry-auth", "reg.example=login.json"]);
  expect(set.stdout).toMatch(/^registry-auth = reg\.example=\/.*\/login\.json$/m);
  const stored = await readFile(join(home, "state/config.json"), "utf8");
  expect(stored).toMatch(/"reg\.example=\/[^"]*\/login\.json"/);
  expect((await localkube(home, ["config", "set", "registry-ca", "reg=ca.pem"])).stderr).toContain(
    "REGISTRY_NAME_INVALID",
  );
  await localkube(home, ["config", "unset", "registry-auth"]);
  await mkdir(join(home, "project"));
  const file = join(home, "project/localkube.yaml");
  const registries = {
    authorities: { "reg.example": "ca.pem" },
    mirrors: { "docker.io": "https://m.example" },
  };
  await writeFile(file, JSON.stringify({ apiVersion: "localkube/v1", kind: "Cluster", registries }));
  const { stderr } = await localkube(home, dryRun("--config", file));
  expect(stderr).toContain(
    `The certificate authority of reg.example, ${join(home, "project/ca.pem")}, is not usable`,
  );
});

test("the runtime that cannot have such a mirror refuses it before anything is made", async () => {
  const mirror = ["--registry-mirror", "quay.io=https://m.example"];
  const { exitCode, stderr } = await localkube(home, dryRun("--runtime", "docker", ...mirror));
  expect(stderr).toContain("REGISTRY_NOT_FOR_RUNTIME");
  expect(exitCode).toBe(2);
  expect((await localkube(home, dryRun(...mirror))).exitCode).toBe(0);
});

test("a proxy on loopback is told, unless nodes are not to have one", async () => {
  const env = { HTTPS_PROXY: "http://alice:very-secret@127.0.0.1:3128" };
  const told = await localkube(home, dryRun(), env);
  expect(told.stderr.replaceAll(/\s+/g, " ")).toContain(
    "HTTPS_PROXY of this host names a proxy on its loopback",
  );
  expect(told.stdout + told.stderr).not.toContain("very-secret");
  const kept = await localkube(home, dryRun("--no-proxy-in-node"), env);
  expect(kept.stderr).not.toContain("loopback");
});
