import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import { generateKeyPair, writeIdentity } from "../../src/machine/ssh/keys.ts";
import { freePort, rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
async function sshdFor(config?: readonly string[]): Promise<TestSshd> {
  const sshd = await testSshd(config);
  cleanups.push(() => sshd.dispose());
  return sshd;
}
/** A TCP server that is no sshd. */
async function listener(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  );
  return (server.address() as AddressInfo).port;
}

describe("connect", () => {
  it("waits for an sshd that is not up yet, without dead time", async () => {
    const sshd = await sshdFor();
    await sshd.kill();
    const begin = performance.now();
    const connecting = sshd.connect();
    setTimeout(() => void sshd.start(), 700);
    const transport = await connecting;
    expect((await transport.exec(["echo", "up"])).stdout).toBe("up\n");
    expect(performance.now() - begin).toBeGreaterThan(700);
  });

  it("SSH_UNREACHABLE in time: the jump host waits for a target whose packets go nowhere", async () => {
    const sshd = await sshdFor();
    const jump = await generateKeyPair();
    const server = new ssh2.Server({ hostKeys: [jump.privatePem] }, (client) =>
      client
        .on("error", () => undefined)
        .on("authentication", (context) => context.accept())
        // Neither accepted nor refused.
        .on("tcpip", () => undefined),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const way = { ...sshd.endpoint, port, hostKey: jump.publicKey };
    const begin = performance.now();
    const error = await rejection(sshd.connect({ endpoint: { jump: way }, timeoutMs: 2500 }));
    expect(error).toMatchObject({ id: "SSH_UNREACHABLE", output: "the jump host has not reached it yet" });
    expect(performance.now() - begin).toBeLessThan(6000);
  });

  it("SSH_UNREACHABLE: nothing listens", async () => {
    const sshd = await sshdFor();
    const error = await rejection(sshd.connect({ endpoint: { port: await freePort() }, timeoutMs: 500 }));
    expect([error.id, error.params?.["seconds"]]).toEqual(["SSH_UNREACHABLE", 0.5]);
    expect(error.output).toContain("ECONNREFUSED");
  });

  it("SSH_UNREACHABLE: something accepts and stays silent, or hangs up, or speaks another language", async () => {
    const sshd = await sshdFor();
    const ports = await Promise.all([
      listener(() => undefined),
      listener((socket) => socket.destroy()),
      listener((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    ]);
    for (const port of ports) {
      const begin = performance.now();
      const error = await rejection(sshd.connect({ endpoint: { port }, timeoutMs: 800 }));
      expect(error.id).toBe("SSH_UNREACHABLE");
      expect(performance.now() - begin).toBeLessThan(2000);
    }
  });

  it("SSH_HOST_KEY_MISMATCH: at once, before we log in", async () => {
    const sshd = await sshdFor();
    const { publicKey } = await generateKeyPair();
    const begin = performance.now();
    const error = await rejection(sshd.connect({ endpoint: { hostKey: publicKey } }));
    expect(error.id).toBe("SSH_HOST_KEY_MISMATCH");
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it("SSH_HOST_KEY_MISMATCH: the server has no key of the pinned kind", async () => {
    const sshd = await sshdFor();
    const hostKey = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=";
    expect((await rejection(sshd.connect({ endpoint: { hostKey } }))).id).toBe("SSH_HOST_KEY_MISMATCH");
  });

  it("SSH_AUTH_FAILED: another identity", async () => {
    const sshd = await sshdFor();
    const identityFile = join(sshd.dir, "other");
    await writeIdentity(identityFile, await generateKeyPair());
    const error = await rejection(sshd.connect({ endpoint: { identityFile } }));
    expect(error.id).toBe("SSH_AUTH_FAILED");
    expect(error.message).toContain(identityFile);
  });

  it("SSH_IDENTITY_UNREADABLE: missing or broken", async () => {
    const sshd = await sshdFor();
    const identityFile = join(sshd.dir, "broken");
    expect((await rejection(sshd.connect({ endpoint: { identityFile } }))).id).toBe(
      "SSH_IDENTITY_UNREADABLE",
    );
    await writeFile(identityFile, "secret-but-not-a-key");
    const error = await rejection(sshd.connect({ endpoint: { identityFile } }));
    expect(error.id).toBe("SSH_IDENTITY_UNREADABLE");
    expect(error.message).not.toContain("secret");
  });

  it("SSH_HANDSHAKE_FAILED: no method in common", async () => {
    const sshd = await sshdFor(["Ciphers chacha20-poly1305@openssh.com"]);
    const error = await rejection(sshd.connect());
    expect(error.id).toBe("SSH_HANDSHAKE_FAILED");
  });

  it("rejects with the caller's reason when given up", async () => {
    const sshd = await sshdFor();
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(new Error("Ctrl-C")), 100);
    await expect(
      sshd.connect({ endpoint: { port: await freePort() }, signal: giveUp.signal }),
    ).rejects.toThrow("Ctrl-C");
  });
});

describe("a lost connection", () => {
  it("SSH_CONNECTION_LOST for the call under way; the next one connects again", async () => {
    const sshd = await sshdFor();
    const transport = await sshd.connect();
    const call = transport.exec(["sh", "-c", "echo begun; sleep 30"], { onLine: () => sshd.cutSessions() });
    const error = await rejection(call);
    expect(error.id).toBe("SSH_CONNECTION_LOST");
    expect(error.message).toContain("begun");
    expect((await transport.exec(["echo", "again"])).stdout).toBe("again\n");
  });

  it("between calls is not even noticed, many callers share one new connection", async () => {
    const sshd = await sshdFor();
    const transport = await sshd.connect();
    await transport.exec(["true"]);
    await sshd.kill();
    setTimeout(() => void sshd.start(), 300);
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => transport.exec(["sh", "-c", `echo ${i} $PPID`])),
    );
    expect(results.map(({ stdout }) => Number(stdout.split(" ")[0]))).toEqual([...results.keys()]);
    expect(new Set(results.map(({ stdout }) => stdout.split(" ")[1])).size).toBe(1);
  });

  it("SSH_UNREACHABLE when the machine stays away, within the call's own deadline", async () => {
    const sshd = await sshdFor();
    const transport = await sshd.connect();
    await sshd.kill();
    const begin = performance.now();
    const error = await rejection(transport.exec(["true"], { timeoutMs: 600 }));
    expect(error.id).toBe("SSH_UNREACHABLE");
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it("after close nothing is opened again", async () => {
    const sshd = await sshdFor();
    const transport = await sshd.connect();
    await transport.close();
    await transport.close();
    await expect(transport.exec(["true"])).rejects.toThrow("closed");
  });
});
