import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

/** The machine of a driver from npm, whose memory is on disk: all that such a driver must do to say so. What needs the guest fails. */
const driver = `export default () => ({
  apiVersion: 1, name: "shelf", summary: "Machines on a shelf", priority: "named",
  capabilities: {
    resources: "allotted", origin: "created", bootMs: 1000, answerMs: 1000, firewall: "none", hasOwnClock: true,
    firstBootByProvider: false, powerButton: true, forwardsApi: true, image: "none",
    suspend: true, snapshot: true, resize: false, volumes: false,
  },
  probe: () => Promise.resolve({ usable: true }),
  open: () => {
    const done = () => Promise.resolve();
    const refused = () => Promise.reject(new Error("the guest was asked for"));
    return {
      create: refused, start: refused, stop: done, remove: done, removeByName: done,
      state: () => Promise.resolve("saved"),
      diagnose: () => Promise.resolve(""),
      list: () => Promise.resolve([{ name: "localkube-web", state: "saved" }]),
      purge: () => Promise.resolve([]),
      suspend: { save: refused, discard: done },
      snapshots: { create: done, list: () => Promise.resolve([]), restore: done, remove: done },
    };
  },
});
`;

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
  const folder = join(home, "state", "drivers", "node_modules", "localkube-driver-shelf");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await writeFile(join(folder, "index.js"), driver);
  const localkubeField = { apiVersion: 1, summary: "Machines on a shelf" };
  const manifest = { name: "localkube-driver-shelf", version: "1.0.0", type: "module", main: "index.js" };
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, localkube: localkubeField }));
  const machine = {
    driver: "shelf",
    name: "localkube-web",
    id: "1",
    address: "192.0.2.2",
    addressReachable: false,
    ports: { ssh: 1, api: 2 },
    data: {},
  };
  await storeCluster(home, "web", {
    driver: "shelf",
    phase: "suspended",
    nodes: [{ name: "web", role: "control-plane", machine }],
  });
});

/** A command, its exit code, and what it says: that it is done, or what to do first. */
test.each([
  ["status", 7, /suspended|saved/],
  ["profile list", 0, /web .*saved/],
  ["suspend", 0, /suspended/],
  ["pause", 69, /localkube (?:start|resume) -p web/],
  ["unpause", 69, /localkube (?:start|resume) -p web/],
  ["ssh -- true", 69, /localkube (?:start|resume) -p web/],
  ["kubectl -- get nodes", 69, /localkube (?:start|resume) -p web/],
  ["ip", 69, /localkube (?:start|resume) -p web/],
  ["image ls", 69, /localkube (?:start|resume) -p web/],
  ["image rm x", 69, /localkube (?:start|resume) -p web/],
  ["cp :/etc/hostname .", 69, /localkube (?:start|resume) -p web/],
  ["forward web --port 1", 69, /localkube (?:start|resume) -p web/],
  ["logs", 0, /==> machine <==/],
  ["snapshot list", 0, /./],
  ["update-context", 0, /./],
  ["stop", 0, /suspended; continue it with: localkube resume -p web\nCluster web was not running/],
  ["resume --discard", 0, /./],
  ["delete", 0, /deleted/],
])("a suspended cluster: %s", async (command, code, says) => {
  const [words = "", foreign] = command.split(" -- ");
  const args = [...words.split(" "), "-p", "web", ...(foreign ? ["--", ...foreign.split(" ")] : [])];
  const { exitCode, stdout, stderr } = await localkube(home, args, { KUBECONFIG: join(home, "kubeconfig") });
  expect(stderr + stdout).toMatch(says);
  expect(stdout + stderr).not.toMatch(/\bBUG\b/);
  expect(exitCode).toBe(code);
});
