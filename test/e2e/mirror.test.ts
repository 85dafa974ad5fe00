import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, stat, symlink } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launcher, profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

/** A mirror of the Debian artifacts as a folder and as a static web server, used by users whose own cache is empty. */
describe("a mirror", () => {
  const profile = profileOfRun("e2e-mirror");
  let user: Workspace;
  let folder: string;
  let server: Server;
  let url: string;
  const fresh = async (name: string): Promise<Record<string, string>> => {
    const cache = join(user.home, name);
    await mkdir(join(cache, "localkube"), { recursive: true });
    // Machine images are no part of a mirror; making one again would only cost time.
    await symlink(
      join(user.env["XDG_CACHE_HOME"]!, "localkube", "images"),
      join(cache, "localkube", "images"),
    );
    return { XDG_CACHE_HOME: cache };
  };
  const getting = ["start", "--driver", "podman", "--artifacts", "debian", "--mirror"] as const;

  beforeAll(async () => {
    user = await workspace();
    folder = join(user.home, "mirror");
    await user.ok(["mirror", "build", folder, "--from", "debian"], { timeoutMs: 3_000_000 });
    server = createServer((request, response) => void serve(folder, request.url ?? "/", response)).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => server.once("listening", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.close();
    await user?.dispose();
  });

  it("is verified, and names the file that was damaged", async () => {
    await user.ok(["mirror", "verify", folder]);
    const file = await find(folder, "kube-scheduler");
    await flipByte(file);
    const { exitCode, stdout } = await user.run(["mirror", "verify", folder, "--output", "json"]);
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain("kube-scheduler");
    await flipByte(file);
    await user.ok(["mirror", "verify", folder]);
  });

  it("as a folder gives a cluster with addons to a user with an empty cache, on a host without any network", async () => {
    await user.ok(["mirror", "pull", folder, "--addons", "registry", "--artifacts", "debian"]);
    const host = await hostWithoutNetwork();
    const env = { ...user.env, ...(await fresh("cache-folder")) };
    const there = async (...args: string[]) => {
      const ran = await runProgram([...host.inside, launcher, ...args, "-p", profile], { env });
      expect(ran, ran.stdout + ran.stderr).toMatchObject({ exitCode: 0 });
      return ran.stdout;
    };
    try {
      await there(...getting, folder, "--addons", "storage");
      expect(await there("addons", "enable", "registry")).toMatch(
        /^Enabled registry .*: an image that was pushed to the registry runs$/m,
      );
      expect(await there("status")).toContain("ready");
      await there("delete");
    } finally {
      // After a failure the cluster goes where its bridge is.
      await runProgram([...host.inside, launcher, "delete", "-p", profile], { env });
      host.end();
    }
  });

  it("over HTTP fills an empty cache, and a second call asks for nothing", async () => {
    const env = await fresh("cache-http");
    await user.ok([...getting, url, "--download-only", "-p", profile], { env });
    const before = await stat(await find(join(env["XDG_CACHE_HOME"]!, "localkube", "artifacts"), "kubelet"));
    await user.ok([...getting, url, "--download-only", "-p", profile], { env });
    const after = await stat(await find(join(env["XDG_CACHE_HOME"]!, "localkube", "artifacts"), "kubelet"));
    expect(after.mtimeMs).toBe(before.mtimeMs);
  });

  it("that lies is refused by name, and nothing wrong stays in the cache", async () => {
    const file = await find(folder, "kubelet");
    await flipByte(file);
    const env = await fresh("cache-lied-to");
    const { exitCode, stdout } = await user.run([...getting, url, "--download-only", "--output", "json"], {
      env,
    });
    await flipByte(file);
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain("ARTIFACT_DIGEST_MISMATCH");
    expect(
      await find(join(env["XDG_CACHE_HOME"]!, "localkube", "artifacts"), "kubelet").catch(() => "none"),
    ).toBe("none");
  });

  it("that is not there is told with its name", async () => {
    const { exitCode, stderr } = await user.run([
      ...getting,
      join(user.home, "no-mirror"),
      "--download-only",
    ]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("MIRROR_INVALID");
  });
});

/** A network namespace that has its loopback and nothing else; `inside` is what a program's argv is put after. */
async function hostWithoutNetwork(): Promise<{ readonly inside: readonly string[]; end(): void }> {
  const script = "ip link set lo up && echo up && exec sleep infinity";
  const child = spawn("unshare", ["--net", "sh", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  // Before that word, its namespace would be this process' own.
  await once(child.stdout, "data");
  return {
    inside: ["nsenter", "--net", "--target", String(child.pid), "--"],
    end: () => void child.kill("SIGKILL"),
  };
}

async function serve(root: string, path: string, response: ServerResponse): Promise<void> {
  const file = join(root, normalize(decodeURIComponent(path.split("?")[0]!)));
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-length": found.size });
  createReadStream(file).pipe(response);
}

async function find(root: string, name: string): Promise<string> {
  const entry = (await readdir(root, { recursive: true, withFileTypes: true })).find(
    (one) => one.isFile() && one.name === name,
  );
  if (!entry) throw new Error(`no ${name} below ${root}`);
  return join(entry.parentPath, entry.name);
}

/** Done twice it is undone. A mirror's files may be hard links of the cache: the test must not damage those, so it writes a copy. */
async function flipByte(file: string): Promise<void> {
  await copyFile(file, `${file}.copy`);
  const handle = await open(`${file}.copy`, "r+");
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, 1000);
  byte[0] = byte[0]! ^ 0xff;
  await handle.write(byte, 0, 1, 1000);
  await handle.close();
  await rename(`${file}.copy`, file);
}
