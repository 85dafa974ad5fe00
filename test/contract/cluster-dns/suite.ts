import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { ownProgram, type Unavailable } from "../own-program.ts";
import { Program } from "./program.ts";

export const zone = "cluster.local";
const buildMs = 3_600_000;

export interface Suite {
  /** Starts the program against an API and calls `work`; it is killed afterwards, also when `work` fails. */
  running(
    apiUrl: string,
    upstream: (ownPort: number) => string,
    work: (dns: Program) => Promise<void>,
  ): Promise<void>;
  /** Starts the program for a whole file; undefined where it cannot be built (the tests are skipped then). */
  start(dns: Program, apiUrl: string, upstream: string, more?: readonly string[]): Promise<void>;
}

/** Gets the program before the first test of a file; where it cannot be built all tests are skipped with the reason, in CI they fail. */
export function clusterDnsSuite(): Suite {
  let folder: string;
  let binary: string | Unavailable;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "localkube-cluster-dns-"));
    binary = await ownProgram("cluster-dns", folder, AbortSignal.timeout(buildMs));
  }, buildMs);
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach((test) => {
    if (typeof binary !== "string") test.skip(binary.reason);
  });
  return {
    async running(apiUrl, upstream, work) {
      if (typeof binary !== "string") return;
      const dns = new Program();
      try {
        await dns.start(binary, folder, apiUrl, upstream);
        await work(dns);
      } finally {
        await dns.end("SIGKILL");
      }
    },
    async start(dns, apiUrl, upstream, more) {
      if (typeof binary !== "string") return;
      await dns.start(binary, folder, apiUrl, () => upstream, more);
      await dns.ready();
    },
  };
}

/** Error code of a rejected promise; undefined when it resolved. */
export const codeOf = (answer: Promise<unknown>): Promise<string | undefined> =>
  answer.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
