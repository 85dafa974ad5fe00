import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { login, plainRegistry, registryFiles, secureRegistry, serveRegistries } from "./kit/registry.ts";
import type { RegistryFiles } from "./kit/registry.ts";
import { profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

/** What a runtime has for registries in the node, and whether a changed mirror restarts it. */
const kinds = {
  containerd: { unit: "containerd", folder: "/etc/containerd/certs.d", restarts: false },
  docker: { unit: "docker", folder: "/etc/docker/certs.d", restarts: true },
} as const;

describe.each(Object.entries(kinds))(
  "registries with the runtime %s",
  (runtime, { unit, folder, restarts }) => {
    const profile = profileOfRun(`e2e-reg-${runtime}`);
    let user: Workspace;
    let files: RegistryFiles;
    let loginFile: string;
    const k = (...args: string[]) => kubectl(user, profile)(...args);
    const inNode = async (...argv: string[]) =>
      (await user.ok(["ssh", "-p", profile, "--", ...argv])).stdout.trim();
    const start = (...flags: string[]) => ["start", "-p", profile, ...flags];
    const create = ["--driver", "podman", "--artifacts", "debian", "--runtime", runtime];
    const pid = (name: string) => inNode("systemctl", "show", "--property", "MainPID", "--value", name);
    const pulled = async (name: string, image: string) => {
      await k("run", name, `--image=${image}`, "--image-pull-policy=Always", "--", "sleep", "100000");
      await k("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=90s");
    };
    const writeLogin = (password: string) =>
      writeFile(
        loginFile,
        JSON.stringify({
          auths: {
            [secureRegistry]: { auth: Buffer.from(`${login.username}:${password}`).toString("base64") },
          },
        }),
        { mode: 0o600 },
      );

    beforeAll(async () => {
      user = await workspace();
      files = await registryFiles(user.home, ["team/app", "library/only-in-the-mirror"]);
      loginFile = join(user.home, "login.json");
    });
    afterAll(async () => {
      await user?.dispose();
    });

    it("makes nothing while a login or a certificate is missing", async () => {
      const noLogin = await user.run(start(...create, "--registry-auth", secureRegistry));
      expect(noLogin).toMatchObject({
        exitCode: 78,
        stderr: expect.stringContaining("REGISTRY_LOGIN_MISSING") as string,
      });
      const noFile = await user.run(
        start(...create, "--registry-ca", `${secureRegistry}=${user.home}/none.pem`),
      );
      expect(noFile).toMatchObject({
        exitCode: 78,
        stderr: expect.stringContaining("REGISTRY_CA_UNUSABLE") as string,
      });
      expect(JSON.parse((await user.ok(["profile", "list", "--output", "json"])).stdout)).toMatchObject({
        profiles: [],
      });
    });

    it("pulls with a password from a registry of a private authority", async () => {
      await writeLogin(login.password);
      const trust = ["--registry-ca", `${secureRegistry}=${files.authority}`];
      await user.ok(start(...create, ...trust, "--registry-auth", `${secureRegistry}=${loginFile}`), {
        timeoutMs: 3_000_000,
      });
      await serveRegistries(user, profile, files);
      await pulled("private", `${secureRegistry}/team/app:1`);
      expect(await inNode("stat", "-c", "%a %U", "/var/lib/kubelet/config.json")).toBe("600 root");
      const record = await readFile(join(user.home, "state/clusters", profile, "cluster.json"), "utf8");
      expect(record).toContain(loginFile);
      for (const secret of [
        login.password,
        Buffer.from(`${login.username}:${login.password}`).toString("base64"),
      ])
        expect(record).not.toContain(secret);
    });

    it("asks a mirror and an insecure registry after another start, while the pod goes on", async () => {
      const before = await pid(unit);
      const mirrors = [
        "--registry-mirror",
        `docker.io=http://${plainRegistry}`,
        "--insecure-registry",
        plainRegistry,
      ];
      await user.ok(start(...mirrors));
      expect((await pid(unit)) !== before).toBe(restarts);
      await pulled("mirrored", "only-in-the-mirror:1");
      await pulled("insecure", `${plainRegistry}/team/app:1`);
      // The authority and the login of before are still there.
      await pulled("again", `${secureRegistry}/team/app:1`);
      expect(
        await k("get", "pod", "private", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
      ).toBe("0");
    });

    it("pulls through the proxy of this host, which nobody but root can read", async () => {
      // The registry answers what is asked of a proxy as if it were asked itself. The name is nowhere: only through the proxy is there an answer.
      const proxy = `http://alice:proxy-pw@${plainRegistry}`;
      const flags = ["--insecure-registry", "nowhere.localkube.test"];
      await user.ok(start(...flags), { env: { HTTP_PROXY: proxy } });
      await pulled("proxied", "nowhere.localkube.test/team/app:1");
      expect(await inNode("stat", "-c", "%a %U", "/var/lib/localkube/proxy.env")).toBe("600 root");
      expect(await inNode("systemctl", "show", unit)).not.toContain("proxy-pw");
      await user.ok(start("--no-proxy-in-node"), { env: { HTTP_PROXY: proxy } });
      expect(await inNode("sh", "-c", "! ls /var/lib/localkube/proxy.env 2>/dev/null")).toBe("");
      const environment = await inNode("cat", `/proc/${await pid(unit)}/environ`);
      expect(environment).toContain("LOCALKUBE_INPUTS");
      expect(environment).not.toContain("proxy-pw");
    });

    it("reads the login again at each start, and the pod's events tell of a wrong password", async () => {
      await writeLogin("wrong-pw");
      await user.ok(start());
      await k("run", "refused", `--image=${secureRegistry}/team/app:1`, "--image-pull-policy=Always");
      const events = () =>
        k(
          "get",
          "events",
          "--field-selector=involvedObject.name=refused",
          "-o",
          "jsonpath={.items[*].message}",
        );
      expect(
        await eventually(events, (text) => /401|unauthorized|authorization failed/i.test(text)),
      ).toContain("team/app");
    });

    it("takes everything away with the last flag, and is deleted without a trace", async () => {
      const flags = ["registry-mirror", "insecure-registry", "registry-ca", "registry-auth"];
      await user.ok(start(...flags.flatMap((flag) => [`--${flag}`, ""])));
      expect(
        await inNode(
          "sh",
          "-c",
          `find ${folder} -mindepth 1; ls /var/lib/kubelet/config.json 2>/dev/null || true`,
        ),
      ).toBe("");
      const before = await pid(unit);
      await user.ok(start());
      expect(await pid(unit)).toBe(before);
      await user.ok(["delete", "-p", profile]);
      expect(await leftovers(user, profile)).toEqual([]);
    });
  },
);
