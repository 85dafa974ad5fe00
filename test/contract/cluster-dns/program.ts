import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A free loopback port at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A running cluster-dns on loopback. */
export class Program {
  port = 0;
  #healthPort = 0;
  #readyPort = 0;
  #child: ChildProcess | undefined;
  output = "";

  async start(
    binary: string,
    folder: string,
    apiUrl: string,
    upstream: (ownPort: number) => string,
    more: readonly string[] = [],
  ): Promise<void> {
    [this.port, this.#healthPort, this.#readyPort] = [await freePort(), await freePort(), await freePort()];
    const kubeconfig = join(folder, `kubeconfig-${this.port}`);
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [{ name: "test", cluster: { server: apiUrl } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "" } }],
      }),
    );
    const child = spawn(
      binary,
      [
        `--listen=127.0.0.1:${this.port}`,
        `--health-listen=127.0.0.1:${this.#healthPort}`,
        `--ready-listen=127.0.0.1:${this.#readyPort}`,
        `--kubeconfig=${kubeconfig}`,
        `--upstream=${upstream(this.port)}`,
        "--lame-duck=300ms",
        ...more,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    await this.until(async () => (await this.probe("health")) === 200, "health");
  }

  /** HTTP status of a probe page; 0 when nothing listens. */
  async probe(page: "health" | "ready"): Promise<number> {
    const port = page === "health" ? this.#healthPort : this.#readyPort;
    return fetch(`http://127.0.0.1:${port}/${page}`).then(
      (response) => response.status,
      () => 0,
    );
  }

  async ready(): Promise<void> {
    await this.until(async () => (await this.probe("ready")) === 200, "ready");
  }

  async until(condition: () => Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (performance.now() > deadline)
        throw new Error(`cluster-dns did not become ${what}:\n${this.output}`);
      await sleep(25);
    }
  }

  /** Sends the signal and gives the exit code (null when the signal killed it). */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
    return child.exitCode;
  }
}
