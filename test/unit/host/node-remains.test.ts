import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { remainsFunctions } from "../../../src/host/node-remains.ts";
import { runtimeByName } from "../../../src/runtimes/registry.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-remains-"));
  writeFileSync(join(folder, "nft"), `#!/bin/sh\necho "$*" >> ${folder}/asked\n`, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("tables of nftables that a runtime makes for ports of the host go with its chains, and no other", () => {
  const { chains = [], tables = [] } = runtimeByName("cri-o").footprint.network ?? {};
  const script = `${remainsFunctions({ chains, links: ["none"], tables })}\nclean_filters`;
  // Neither the filters of this computer nor its nftables are within reach.
  execFileSync("/bin/sh", ["-c", script.replaceAll(":/usr/sbin:/sbin", "")], { env: { PATH: folder } });
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe(
    "delete table ip crio-hostports\ndelete table ip6 crio-hostports\n",
  );
  expect(remainsFunctions({ chains, links: ["none"] })).not.toContain("nft");
});
