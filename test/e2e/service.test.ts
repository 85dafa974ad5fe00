import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

interface Url {
  readonly namespace: string;
  readonly name: string;
  readonly port: string;
  readonly url: string;
  readonly via: string;
}

/** Pages in a pod each, behind Services of different kinds. */
describe("Services from this computer", () => {
  const profile = profileOfRun("e2e-service");
  let user: Workspace;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const service = (...words: string[]) => user.run(["service", ...words, "-p", profile]);
  const urls = async (...words: string[]): Promise<readonly Url[]> => {
    const { stdout, stderr } = await service(...words, "--output", "json");
    return JSON.parse(stdout || stderr) as readonly Url[];
  };
  const page = async (url: string) => (await fetch(url)).text();
  const background = async () => {
    const { stdout } = await user.run(["status", "-p", profile, "--output", "json"]);
    const { background: all = [] } = JSON.parse(stdout) as {
      background?: readonly { readonly pid: number; readonly state: string; readonly what: string }[];
    };
    return all;
  };

  beforeAll(async () => {
    user = await workspace();
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    for (const name of ["one", "two"]) {
      const script = `echo ${name} > /tmp/index.html; exec httpd -f -p 8080 -h /tmp`;
      const args = ["--image", busyboxRef, "--labels", `app=${name}`, "--", "sh", "-c", script];
      await k("run", name, "--image-pull-policy=IfNotPresent", ...args);
      await k("expose", "pod", name, "--port", "8080", "--name", name);
    }
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("with one port each get ports of their own, and the same ones again", async () => {
    const found = await urls("one", "two");
    expect(found.map(({ via }) => via)).toEqual(["forward", "forward"]);
    const [one, two] = found;
    expect(await page(one!.url)).toBe("one\n");
    expect(await page(two!.url)).toBe("two\n");
    expect(one!.url).not.toBe(two!.url);
    const [process] = await background();
    expect(process).toMatchObject({ state: "alive" });
    // Asked again, it is the same process; ended and begun again, they are the same ports.
    expect(await urls("one", "two")).toEqual(found);
    expect(await background()).toEqual([process]);
    expect((await service("--stop", "two")).stdout).toContain(`Ended: ${one!.url} leads to default/one, `);
    await expect(fetch(one!.url)).rejects.toThrow();
    expect(await urls("one", "two")).toEqual(found);
    await service("--stop");
    expect(await background()).toEqual([]);
  });

  it("are told from a script by their URL alone, and leave no file when they have ended", async () => {
    const { stdout, exitCode } = await service("one", "--url");
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\n$/) as string,
    });
    const { stdout: filled } = await service("one", "--format", "{name} {host} {port}");
    expect(filled).toBe(`one 127.0.0.1 ${new URL(stdout.trim()).port}\n`);
    await service("--stop");
    expect(await readdir(join(user.home, "state/clusters", profile, "background"))).toEqual([]);
  });

  it("on the nodes' ports need nobody who forwards", async () => {
    await k("patch", "service", "two", "-p", '{"spec":{"type":"NodePort"}}');
    const [two] = await urls("two");
    expect(two).toMatchObject({ via: "nodeport", port: "8080" });
    expect(await page(two!.url)).toBe("two\n");
    expect(await background()).toEqual([]);
  });

  it("speak TLS where their port says so and does", async () => {
    const { stdout } = await user.ok(["service", "kubernetes", "--url", "-p", profile]);
    expect(stdout).toMatch(/^https:/);
    const wrong = await service("one", "--https", "--url");
    expect(wrong).toMatchObject({ exitCode: 69, stdout: "" });
    expect(wrong.stderr).toContain("does not speak TLS");
    await service("--stop");
  });

  it("that cannot be reached say why, and standard output has nothing", async () => {
    await k("create", "service", "externalname", "outside", "--external-name", "example.org");
    await k("create", "service", "clusterip", "headless", "--clusterip", "None");
    await k("create", "service", "clusterip", "nobody", "--tcp", "80");
    await k("run", "sick", "--image", "localkube.test/none:1", "--labels", "app=sick", "--port", "80");
    await k("expose", "pod", "sick");
    for (const [name, exitCode, text] of [
      ["outside", 66, "ExternalName"],
      ["headless", 66, "headless"],
      ["one:99", 66, "it has: 8080"],
      ["oen", 66, "one"],
    ] as const) {
      const told = await service(name, "--url");
      expect({ name, exitCode: told.exitCode, stdout: told.stdout }).toEqual({ name, exitCode, stdout: "" });
      expect(told.stderr).toContain(text);
    }
    const nobody = await service("nobody", "--url", "--wait-timeout", "1s");
    expect(nobody).toMatchObject({ exitCode: 69, stdout: "" });
    expect(nobody.stderr).toContain("no pod has the labels");
    const sick = await service("sick", "--url", "--wait-timeout", "5s");
    expect(sick).toMatchObject({ exitCode: 69, stdout: "" });
    expect(sick.stderr).toMatch(/sick.*localkube\.test\/none:1/);
    expect(await background()).toEqual([]);
  });

  it("that are not there yet are waited for", async () => {
    const waiting = service("late", "--url", "--wait-timeout", "1m");
    await k("expose", "pod", "one", "--port", "8080", "--name", "late");
    const { stdout } = await waiting;
    expect(await page(stdout.trim())).toBe("one\n");
    await service("--stop");
  });

  it("whose forwarding process was killed are found, and forwarded again on their port", async () => {
    const [one] = await urls("one");
    const [before] = await background();
    process.kill(before!.pid, "SIGKILL");
    await eventually(background, ([work]) => work?.state === "dead");
    expect((await user.run(["doctor"])).stdout).toMatch(/warn.*Work in the background/);
    // Somebody else has taken the port meanwhile.
    const port = Number(new URL(one!.url).port);
    const other = createServer().listen(port, "127.0.0.1");
    const [moved] = await urls("one");
    expect(moved!.url).not.toBe(one!.url);
    expect(await page(moved!.url)).toBe("one\n");
    await new Promise((resolve) => other.close(resolve));
  });

  it("are no longer forwarded once the cluster has stopped", async () => {
    const [work] = await background();
    await user.ok(["stop", "-p", profile]);
    expect(() => process.kill(work!.pid, 0)).toThrow();
    expect(await background()).toEqual([]);
    await user.ok(["delete", "-p", profile]);
  });
});
