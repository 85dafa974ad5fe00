import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./kit/kubectl.ts";
import { whileForwarded } from "./kit/forwarded.ts";
import { kubectl } from "./kit/kubectl.ts";
import { profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-openstack");
const namespace = "localkube-openstack";

/** Keystone in a cluster, asked as its clients ask it: what is deleted comes again, and nothing that it knew or gave out is lost. */
describe("Keystone in a cluster", () => {
  let user: Workspace;
  let password: string;
  let token: string;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const podOf = (app: string) =>
    k("get", "pod", "-n", namespace, "-l", `app=${app}`, "-o", "jsonpath={.items[*].metadata.name}");

  /** Asks Keystone through a forward of its own: the pod behind the Service may be another one each time. */
  const keystone = async <T>(
    path: string,
    init: RequestInit,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> => {
    let found: { readonly value: T } | undefined;
    await whileForwarded(user, ["keystone", "-n", namespace, "-p", profile], async (port) => {
      found = { value: await read(await fetch(`http://127.0.0.1:${port}/v3${path}`, init)) };
    });
    return found!.value;
  };
  const withToken = (more: Record<string, string> = {}) => ({ "X-Auth-Token": token, ...more });
  const issue = () => {
    const admin = { name: "admin", domain: { id: "default" } };
    const identity = { methods: ["password"], password: { user: { ...admin, password } } };
    const body = JSON.stringify({ auth: { identity, scope: { project: admin } } });
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
    return keystone("/auth/tokens", init, (answer) =>
      Promise.resolve({ status: answer.status, token: answer.headers.get("X-Subject-Token") ?? "" }),
    );
  };
  const validate = (one: string) =>
    keystone("/auth/tokens", { headers: withToken({ "X-Subject-Token": one }) }, async (answer) => ({
      status: answer.status,
      user: ((await answer.json()) as { token?: { user?: { name?: string } } }).token?.user?.name,
    }));
  const projects = () =>
    keystone("/projects", { headers: withToken() }, async (answer) => {
      const { projects: found = [] } = (await answer.json()) as { projects?: readonly { name: string }[] };
      return found.map(({ name }) => name).sort();
    });
  /** Deletes the pod of a Deployment, and waits until another one is ready. */
  const replace = async (app: string): Promise<void> => {
    const before = await podOf(app);
    await k("delete", "pod", before, "-n", namespace);
    await k("rollout", "status", `deployment/${app}`, "-n", namespace, "--timeout=180s");
    expect(await podOf(app)).not.toBe(before);
  };

  beforeAll(async () => {
    user = await workspace();
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
    await user.ok(["addons", "enable", "openstack", "-p", profile], { timeoutMs: 900_000 });
    const secret = await k(
      "get",
      "secret",
      "openstack",
      "-n",
      "localkube-addons",
      "-o",
      "jsonpath={.data.admin-password}",
    );
    password = Buffer.from(secret, "base64").toString();
    ({ token } = await issue());
  }, 1_200_000);
  afterAll(async () => {
    await user?.dispose();
  });

  it("issues a token, which it validates", async () => {
    expect(token).not.toBe("");
    expect(await validate(token)).toEqual({ status: 200, user: "admin" });
  });

  it("validates a token of before, and issues another, when its pod was deleted", async () => {
    await replace("keystone");
    expect(
      await eventually(
        () => validate(token),
        ({ status }) => status === 200,
      ),
    ).toMatchObject({ user: "admin" });
    expect(await issue()).toMatchObject({ status: 201 });
  });

  it("loses nothing when the pod of its database was deleted", async () => {
    const body = JSON.stringify({ project: { name: "kept", domain_id: "default" } });
    const headers = withToken({ "Content-Type": "application/json" });
    const made = await keystone("/projects", { method: "POST", headers, body }, ({ status }) =>
      Promise.resolve(status),
    );
    expect(made).toBe(201);
    await replace("mariadb");
    expect(await eventually(projects, (names) => names.length > 0)).toEqual(["admin", "kept"]);
    expect(await validate(token)).toMatchObject({ status: 200 });
  });
});
