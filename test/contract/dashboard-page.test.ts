import { mkdir, readFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { Board } from "../../src/cluster/dashboard/board.ts";
import { pageFiles } from "../../src/cluster/dashboard/page-files.ts";
import { type DashboardServer, serveDashboard } from "../../src/cluster/dashboard/server.ts";
import type { LogSink } from "../../src/cluster/dashboard/pod-log.ts";
import type { PodRow, SwitchRequest } from "../../src/dashboard/rows.ts";
import { barriers, chromium, openPage, type Watched, wordsOf } from "../browser/chromium.ts";

/** The built page in a real browser, with rows made up for it: what a cluster does to it is in test/e2e/dashboard.test.ts. */
const views = ["pods", "nodes", "events", "addons", "start"] as const;
const looks = {
  light: { width: 1200, height: 800, scheme: "light" },
  dark: { width: 1200, height: 800, scheme: "dark" },
  narrow: { width: 360, height: 740, scheme: "light" },
} as const;
/** Left there for whoever wants to see them. */
const pictures = join(tmpdir(), "localkube-dashboard-pictures");

const board = new Board();
const wishes: SwitchRequest[] = [];
const logs: { readonly container: string; readonly sink: LogSink }[] = [];
let server: DashboardServer;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  fill(board);
  server = await serveDashboard(0, {
    board,
    profile: "other",
    files: await pageFiles(),
    switchAddon: (wish) => {
      wishes.push(wish);
      board.set(wish.cluster, "work", wish.addon, { on: wish.on, state: "running", text: "Loading images" });
      return Promise.resolve();
    },
    followLog: (_cluster, { container }, sink, signal) => {
      logs.push({ container, sink });
      for (let line = 1; line <= 50; line++) sink.line(`line ${line} of ${container}`);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  watched = await openPage(await chromium(), server.url);
  page = watched.page;
  await vi.waitFor(async () => expect(await wordsOf(page, "h2")).toMatch(/^other/));
  await mkdir(pictures, { recursive: true });
});

afterAll(async () => {
  await server.close();
  board.close();
});

const show = async (view: string, cluster = "demo"): Promise<void> => {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${cluster}/${view}`)}`);
  await page.waitForSelector(`nav.views a[href="#${cluster}/${view}"][aria-current]`);
};

describe.each(Object.entries(looks))("%s", (name, { width, height, scheme }) => {
  beforeAll(async () => {
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  });

  test.each(views)(
    "%s: everybody can use it, nothing sticks out, and there is something to see",
    async (view) => {
      await show(view);
      expect(await barriers(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      const file = join(pictures, `${view}-${name}.png`);
      const blank = await page.screenshot({ path: file });
      // A picture of one colour takes a few kilobytes.
      expect(blank.byteLength).toBeGreaterThan(15_000);
      const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      const [red = 0] = String(ground).match(/\d+/g)!.map(Number);
      expect(red < 128).toBe(scheme === "dark");
    },
  );

  test("the log of a pod", async () => {
    await show("pods");
    await page.click("button.link");
    await page.waitForSelector("dialog[open]");
    await vi.waitFor(async () => expect(await wordsOf(page, "dialog pre")).toContain("line 50 of"));
    expect(await barriers(page)).toEqual([]);
    await page.screenshot({ path: join(pictures, `log-${name}.png`) });
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { hidden: true });
  });
});

describe("with the keyboard alone", () => {
  beforeAll(() => page.setViewport({ width: 1200, height: 800 }));

  const focused = (): Promise<string> =>
    page
      .evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
      .then(String);

  /** Tab until what has the focus is called so. */
  async function tabTo(name: string): Promise<void> {
    for (let times = 0; times < 60; times++) {
      await page.keyboard.press("Tab");
      if ((await focused()).trim().startsWith(name)) return;
    }
    throw new Error(`nothing that Tab reaches is called ${name}`);
  }

  test("a log is opened, its container changed, and focus is where it was afterwards", async () => {
    await show("pods");
    await page.reload();
    await page.waitForSelector("button.link");
    await tabTo("shop-7d9c");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    const before = logs.length;
    await page.select("dialog select", "sidecar");
    await vi.waitFor(() => expect(logs.length).toBe(before + 1));
    expect(logs.at(-1)?.container).toBe("sidecar");
    await vi.waitFor(async () => expect(await wordsOf(page, "dialog pre")).toContain("line 50 of sidecar"));
    logs.at(-1)?.sink.line("<b>another</b> line");
    await vi.waitFor(async () => expect(await wordsOf(page, "dialog pre")).toContain("<b>another</b> line"));
    const isAtEnd =
      "(({ scrollTop, clientHeight, scrollHeight }) => scrollHeight - scrollTop - clientHeight < 2)";
    expect(await page.evaluate(`${isAtEnd}(document.querySelector("dialog pre"))`)).toBe(true);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { hidden: true });
    expect((await focused()).trim()).toMatch(/^shop-7d9c/);
  });

  test("another view and another cluster are reached", async () => {
    await tabTo("Addons");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=switch]");
    await page.reload();
    await page.waitForSelector("[role=switch]");
    await tabTo("other");
    await page.keyboard.press("Enter");
    await vi.waitFor(async () => expect(await wordsOf(page, "h2")).toMatch(/^other/));
  });

  test("an addon is switched; while that goes on its switch does nothing, and the end is read out", async () => {
    await show("addons");
    await tabTo("metrics");
    await page.keyboard.press("Space");
    await vi.waitFor(() => expect(wishes).toEqual([{ cluster: "demo", addon: "metrics", on: true }]));
    const metrics = '[role=switch][aria-label="metrics"]';
    await page.waitForSelector(`${metrics}:disabled[aria-checked=true]`);
    board.set("demo", "work", "metrics", { on: true, state: "failed", text: "It does not become ready" });
    await page.waitForSelector(`${metrics}:not(:disabled)[aria-checked=false]`);
    expect(await wordsOf(page, "main")).toContain("It does not become ready");
    const news = () => page.evaluate("document.querySelector('body > [role=status]').textContent");
    expect(await news()).toBe("metrics: It does not become ready");
  });
});

test("what comes and goes is seen at once", async () => {
  await show("pods");
  board.set("demo", "pod", "new", pod("web", "brand-new", "Pending", "busy"));
  await page.waitForFunction("document.body.innerText.includes('brand-new')", { timeout: 1000 });
  board.remove("demo", "pod", "new");
  await page.waitForFunction("!document.body.innerText.includes('brand-new')", { timeout: 1000 });
  await page.type("input[type=search]", "kube-sys");
  await vi.waitFor(async () => expect(await page.$$("tbody tr")).toHaveLength(1));
});

test("the token is not in the address, the page asks nobody else, and there are no complaints", () => {
  expect(page.url()).not.toContain("/open/");
  expect(watched.foreign).toEqual([]);
  expect(watched.complaints).toEqual([]);
});

test("another browser without the token, and another page, get nothing", async () => {
  const browser = page.browser();
  const other = await (await browser.createBrowserContext()).newPage();
  const at = page.url().replace(/#.*/, "");
  for (const url of [at, `${at}rows`, server.url]) expect((await other.goto(url))?.status()).toBe(403);
  // In the browser that has the cookie, a page of another server on loopback: for cookies that is the same site.
  const neighbour = createServer((_, response) => response.end("another page")).listen(0, "127.0.0.1");
  onTestFinished(() => void neighbour.close());
  await once(neighbour, "listening");
  const foreign = await page.browserContext().newPage();
  const got: string[] = [];
  const failed: string[] = [];
  foreign.on("response", (response) => got.push(response.url()));
  foreign.on("requestfailed", (request) => failed.push(`${request.method()} ${request.url()}`));
  await foreign.goto(`http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`);
  const wished = wishes.length;
  for (const [path, method] of [
    ["rows", "GET"],
    ["addons", "POST"],
  ]) {
    const options = JSON.stringify({ method, mode: "no-cors", credentials: "include" });
    await foreign.evaluate(`fetch(${JSON.stringify(at + path)}, ${options}).then(() => 1, () => 0)`);
  }
  expect(failed).toEqual([`GET ${at}rows`, `POST ${at}addons`]);
  expect(got.filter((url) => url.startsWith(at))).toEqual([]);
  expect(wishes).toHaveLength(wished);
  await foreign.close();
});

test("the page is small", async () => {
  let size = 0;
  for (const { content } of (await pageFiles()).values()) size += content.byteLength;
  expect(size).toBeLessThan(200_000);
  expect(await readFile(join(pictures, "pods-light.png"))).not.toEqual(
    await readFile(join(pictures, "pods-dark.png")),
  );
});

test("when the dashboard ends, the page says so", async () => {
  await server.close();
  await vi.waitFor(async () => expect(await wordsOf(page, "header")).toContain("has ended"), 5000);
});

function pod(
  namespace: string,
  name: string,
  state: string,
  tone: PodRow["tone"],
  more: Partial<PodRow> = {},
): PodRow {
  return {
    ...{ namespace, name, node: "demo", state, tone, ready: tone === "good" ? "1/1" : "0/1", restarts: 0 },
    ...{ since: Date.now() - 500_000, containers: ["main"], ...more },
  };
}

function fill(rows: Board): void {
  const now = Date.now();
  rows.set("demo", "cluster", "demo", {
    ...{
      state: "running",
      driver: "podman",
      runtime: "containerd",
      kubernetesVersion: "v1.20.2",
      artifacts: "debian",
    },
  });
  rows.set("other", "cluster", "other", { state: "stopped", driver: "qemu", kubernetesVersion: "v1.36.2" });
  const more = { containers: ["shop", "sidecar"], ready: "2/2" };
  const long =
    "back-off 5m0s restarting failed container=main pod=crash_web(0a9cfe47-3f0b-4a6e-8f2e-4a31c7d3a5d1)";
  const pods = [
    pod("kube-system", "cluster-dns-5d8f6c9b7-x2v4k", "Running", "good"),
    pod("web", "a-shop-7d9c8b6f5-2kq8z", "Running", "good", more),
    pod("web", "shop-7d9c8b6f5-2kq8z", "Running", "good", more),
    pod("web", "crash", "CrashLoopBackOff", "bad", { why: long, restarts: 12 }),
    pod("web", "migration-28391", "Completed", "done"),
    pod("web", "new-6f7c9d8b5-99xkp", "ContainerCreating", "busy"),
  ];
  for (const one of pods) rows.set("demo", "pod", one.name, one);
  rows.set("demo", "node", "demo", {
    ...{ name: "demo", state: "Ready", tone: "good", role: "control-plane", version: "v1.20.2", cpus: "2" },
    ...{
      runtime: "containerd 1.6.20",
      system: "Debian GNU/Linux 12 (bookworm), amd64",
      address: "192.168.93.2",
    },
    ...{ memory: "7.8 GiB", since: now - 90_000_000 },
  });
  const event = { about: "Pod web/crash", text: "Back-off restarting failed container", count: 40 };
  rows.set("demo", "event", "1", { at: now - 61_000, warning: true, reason: "BackOff", ...event });
  rows.set("demo", "event", "2", {
    ...{
      at: now - 2000,
      warning: false,
      reason: "Scheduled",
      about: "Pod web/new-6f7c9d8b5-99xkp",
      count: 1,
    },
    text: "Successfully assigned web/new-6f7c9d8b5-99xkp to demo",
  });
  const addon = { needs: [], always: false, version: "0.6", memoryMiB: 40, state: "disabled" };
  rows.set("demo", "addon", "dns", {
    ...addon,
    summary: "Names in the cluster",
    state: "healthy",
    always: true,
  });
  rows.set("demo", "addon", "metrics", { ...addon, summary: "What pods and nodes use, for kubectl top" });
  rows.set("demo", "addon", "storage", {
    ...{ ...addon, summary: "Volumes on the node", state: "degraded", needs: ["dns"] },
    problem: "Deployment localkube-storage/storage: 0 of 1 pods are ready",
  });
  const bars = ["Creating the machine", "Connecting over SSH", "Issuing certificates", "Loading images"];
  rows.set("demo", "start", "last", {
    ...{ at: now - 600_000, durationMs: 8400, outcome: "done" },
    bars: bars.map((title, index) => ({
      ...{ id: title, title, startMs: index * 1500, durationMs: 900 + index * 900 },
      outcome: index === 2 ? ("unchanged" as const) : ("done" as const),
    })),
  });
}
