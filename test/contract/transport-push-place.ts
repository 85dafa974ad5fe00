import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { PushEntry, Transport } from "../../src/contract/transport.ts";
import { type TestSshd, testSshd } from "./transport-sshd.ts";

/** A server, a transport and a fresh target folder for each test; call it once at the top of a test file. */
export function pushPlace() {
  let sshd: TestSshd;
  let transport: Transport;
  let target: string;
  let count = 0;
  beforeAll(async () => {
    sshd = await testSshd();
    transport = await sshd.connect();
  });
  afterAll(() => sshd.dispose());
  beforeEach(() => {
    target = join(sshd.dir, `target-${(count += 1)}`);
    mkdirSync(target);
  });
  return {
    get sshd() {
      return sshd;
    },
    get transport() {
      return transport;
    },
    get target() {
      return target;
    },
    /** Path in the target folder. */
    at: (name: string) => join(target, name),
    text: (name: string, content: string, mode = 0o644): PushEntry => ({
      path: join(target, name),
      mode,
      source: { kind: "text", text: content },
    }),
    file(name: string, bytes: Buffer, mode = 0o755) {
      const file = join(sshd.dir, `source-${randomBytes(4).toString("hex")}`);
      writeFileSync(file, bytes);
      const source = { kind: "file" as const, file, sha256: sha256(bytes), size: bytes.length };
      return { path: join(target, name), mode, source };
    },
    read: (name: string) => readFileSync(join(target, name), "utf8"),
    modeOf: (name: string) => statSync(join(target, name)).mode & 0o7777,
    /** What no push should leave, in the target and beside the memo. */
    leftovers: () => [
      ...readdirSync(target, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.includes(".localkube-push"),
      ),
      ...readdirSync(join(sshd.dir, "guest-state")).filter((name) => name.startsWith("push-")),
    ],
    /** Process ids of push scripts that run in the machine. */
    scripts: () =>
      sshd.descendants().filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(join(sshd.dir, "guest-state"));
        } catch {
          return false;
        }
      }),
  };
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
