import { expect, it } from "vitest";
import { pointing, takingBack } from "../../../../src/cluster/machine/docker-env.ts";
import type { EnvironmentChange } from "../../../../src/contract/host.ts";

type Environment = Record<string, string | undefined>;

const host = (env: Environment, platform: NodeJS.Platform = "linux") => ({
  env,
  platform,
  stateDir: "/s",
  cacheDir: "/c",
});
const one = { name: "one", dockerHost: "ssh://root@127.0.0.1:1", folder: "/s/clusters/one/ssh/bin" };
const two = { name: "two", dockerHost: "ssh://root@127.0.0.1:2", folder: "/s/clusters/two/nodes/two-2/bin" };

/** What a shell makes of it. */
function after(env: Environment, change: EnvironmentChange | undefined): Environment {
  const { set = {}, unset = [], path } = change ?? {};
  const kept = Object.entries(env).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(kept), ...set, ...(path ? { PATH: path.value } : {}) };
}

const users = [
  { PATH: "/usr/bin:/bin" },
  {
    PATH: "/usr/bin::/bin:",
    DOCKER_HOST: "tcp://mine:2376",
    DOCKER_TLS_VERIFY: "1",
    DOCKER_CERT_PATH: "/mine",
  },
  { PATH: "/usr/bin", DOCKER_CONTEXT: "mine" },
  { PATH: "/usr/bin", DOCKER_CONTEXT: "" },
];

it.each(users)("points to one cluster, then to another, and gives back %j", (env) => {
  const first = after(env, pointing(one, host(env)));
  expect(first).toMatchObject({
    DOCKER_HOST: one.dockerHost,
    LOCALKUBE_ACTIVE_DOCKER: "one",
    PATH: `${one.folder}:${env.PATH}`,
  });
  const second = after(first, pointing(two, host(first)));
  expect(second).toMatchObject({ DOCKER_HOST: two.dockerHost, LOCALKUBE_ACTIVE_DOCKER: "two" });
  for (const variables of [first, second])
    for (const name of ["DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"])
      expect(variables).not.toHaveProperty(name);
  expect(after(second, takingBack(host(second)))).toEqual(env);
  expect(after(first, takingBack(host(first)))).toEqual(env);
});

it("changes nothing the second time", () => {
  const env = after({ PATH: "/bin" }, pointing(one, host({ PATH: "/bin" })));
  expect(after(env, pointing(one, host(env)))).toEqual(env);
  expect(pointing(one, host(env)).path).toBeUndefined();
});

it("unsets what the user has set since then, because it wins over DOCKER_HOST", () => {
  const env = { ...after({ PATH: "/bin" }, pointing(one, host({ PATH: "/bin" }))), DOCKER_CONTEXT: "mine" };
  expect(pointing(two, host(env)).unset).toEqual(["DOCKER_CONTEXT"]);
});

it("takes nothing back that is the user's own", () => {
  expect(takingBack(host({ PATH: "/bin", DOCKER_HOST: "tcp://mine" }))).toBeUndefined();
  expect(takingBack(host({ PATH: "/s/clusters/gone/ssh/bin:/bin", DOCKER_HOST: "tcp://mine" }))).toEqual({
    set: {},
    unset: [],
    path: { value: "/bin" },
  });
});

it("divides PATH as the host does", () => {
  const env = { PATH: "C:\\a;C:\\b" };
  expect(pointing({ ...one, folder: "C:\\f" }, host(env, "win32")).path?.value).toBe("C:\\f;C:\\a;C:\\b");
});
