import { describe, expect, it } from "vitest";
import docker from "../../drivers/docker/index.ts";
import { findProgram } from "../../src/host/find-program.ts";
import { hostContext } from "../../src/host/host-context.ts";

const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent/docker.sock" };
const client = await findProgram("docker", { env });

describe("docker's probe", () => {
  // Without the client this is the other answer, so the test says something on every host.
  it("tells within 5 s, with a fix, what is missing where no daemon answers", async () => {
    const begun = performance.now();
    const probe = await docker.probe({ ...hostContext(env), run: withDockerHost() });
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(probe.usable).toBe(false);
    expect(probe.problem).toMatch(client ? /^docker does not answer: .*docker/ : /^docker is not installed$/);
    expect(probe.fix).toMatch(client ? /systemctl start docker/ : /apt-get install/);
  });
});

function withDockerHost() {
  const { run } = hostContext(env);
  return ((argv, options) =>
    run(argv, { ...options, env: { DOCKER_HOST: env.DOCKER_HOST } })) satisfies typeof run;
}
