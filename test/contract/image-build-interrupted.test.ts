import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureImage } from "../../drivers/container/machine-image.ts";
import { openEngine } from "../../drivers/container/engine.ts";
import { podmanDialect } from "../../drivers/podman/index.ts";
import type { HostContext, RunCommand, RunContext } from "../../src/contract/host.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { recordImage } from "../../src/host/image-file/image-record.ts";
import { containerfileImage } from "../../src/machine/image/containerfile-image.ts";
import { buildRootfsImage, debootstrapImage, rootfsImage } from "../../src/machine/image/rootfs-image.ts";

const podman = (...args: readonly string[]): string => execFileSync("podman", args, { encoding: "utf8" });
const lines = (text: string): readonly string[] => text.split("\n").filter(Boolean);

let folder: string;
const host: HostContext = hostContext();

/** A context whose programs run as `change` makes them; aborted as soon as one of them prints a line that matches. */
function context(when: RegExp, change: (...call: Parameters<RunCommand>) => Parameters<RunCommand>) {
  const abort = new AbortController();
  const run: RunCommand = (...call) => host.run(...change(...call));
  const c: RunContext = {
    host: { ...host, run },
    signal: abort.signal,
    report: () => undefined,
    log(line) {
      if (when.test(line)) abort.abort(new Error("interrupted"));
    },
  };
  return c;
}

/** Processes that have this text in their environment. */
async function processesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (environment.includes(text))
      found.push(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => pid));
  }
  return found;
}

const unchanged = (...call: Parameters<RunCommand>): Parameters<RunCommand> => call;
const never = /(?!)/;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-build-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An image of this host's podman to build on. */
let base: string;
beforeAll(async () => {
  const c = context(never, unchanged);
  const image = await rootfsImage(host);
  await buildRootfsImage(image, c);
  base = await ensureImage(openEngine(podmanDialect, host), image, c);
}, 600_000);

describe("the building of a machine image that is interrupted inside", () => {
  /** All that this process's build has in podman's store. */
  const traces = (): readonly string[] =>
    lines(
      podman("ps", "--all", "--external", "--format", "{{.Names}}") +
        podman("images", "--format", "{{.Repository}}"),
    ).filter((name) => name.includes(`localkube-build-`));

  it("by podman leaves no container, image, mount or process", async () => {
    const mark = `LOCALKUBE_TEST_BUILD=${folder}`;
    const c = context(/^(?:Get|Hit|Ign|Err):\d/, (argv, options) => {
      const words = argv.map((word) =>
        word.replace(/^(base_image=)?docker\.io\/library\/debian:12$/, `$1${base}`),
      ) as unknown as typeof argv;
      return [words, { ...options, env: { ...options?.env, LOCALKUBE_TEST_BUILD: folder } }];
    });
    await expect(containerfileImage(join(folder, "machine.tar"), c)).rejects.toThrow("interrupted");
    expect(traces()).toEqual([]);
    expect(await processesWith(mark)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("by podman, with localkube killed, is removed by the next", async () => {
    // No process has this number.
    podman("tag", base, "localhost/localkube-build-9999999-base");
    const c = context(/./, (argv, options) =>
      argv[1] === "build" ? [["false"], options] : [argv[1] === "image" ? ["true"] : argv, options],
    );
    const builds = containerfileImage(join(folder, "machine.tar"), {
      ...c,
      host: {
        ...c.host,
        run: (argv, options) =>
          c.host.run(argv.map((word) => (/debian:12$/.test(word) ? base : word)) as never, options),
      },
    });
    await expect(builds).rejects.toThrow();
    expect(traces()).toEqual([]);
  });

  it("by mmdebstrap leaves no temporary root and no process", async () => {
    const c = context(/^I: (?:installing|extracting)|^(?:Get|Hit):\d/, (argv, options) => [
      argv,
      { ...options, env: { ...options?.env, TMPDIR: folder } },
    ]);
    await expect(debootstrapImage(join(folder, "machine.tar"), c)).rejects.toThrow("interrupted");
    expect(await processesWith(`TMPDIR=${folder}`)).toEqual([]);
    expect((await readdir(folder)).filter((name) => name !== "machine.tar")).toEqual([]);
  });
});

describe("an image that was built again", () => {
  it("is what the next container is made from; one that exists keeps its own", async () => {
    const c = context(never, unchanged);
    const engine = openEngine(podmanDialect, host);
    const image = { kind: "rootfs", file: join(folder, "machine.tar"), key: `test-${process.pid}` } as const;
    const name = `localkube-image-${process.pid}`;
    const build = async (content: string): Promise<void> => {
      await writeFile(join(folder, "content"), content);
      execFileSync("tar", ["-C", folder, "-cf", image.file, "content"]);
      await recordImage({ file: image.file }, image.file, c);
    };
    const idOf = (): string => podman("image", "inspect", "--format", "{{.Id}}", tag).trim();
    let tag = "";
    try {
      await build("earlier");
      tag = await ensureImage(engine, image, c);
      const earlier = idOf();
      podman("create", "--name", name, tag, "/content");
      await build("newer");
      expect(await ensureImage(engine, image, c)).toBe(tag);
      expect(idOf()).not.toBe(earlier);
      expect(podman("inspect", "--format", "{{.Image}}", name).trim()).toBe(earlier);
      podman("rm", name);
      const newer = idOf();
      await build("newest");
      await ensureImage(engine, image, c);
      // Nothing used that one.
      expect(podman("images", "--all", "--quiet", "--no-trunc")).not.toContain(newer);
      expect(idOf()).not.toBe(newer);
      podman("rmi", earlier);
    } finally {
      execFileSync("podman", ["rm", "--force", "--ignore", name]);
      execFileSync("podman", ["rmi", "--force", tag]);
    }
  });
});
