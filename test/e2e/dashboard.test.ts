import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { barriers, chromium, openPage, type Watched, wordsOf } from "../browser/chromium.ts";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { type Kubectl, kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { launcher, profileOfRun, workspace, type Workspace } from "./kit/workspace.ts";

/** The page in a real browser with a real cluster. Its looks, and everything about who may see it, are in test/contract/dashboard-page.test.ts. */
const profile = profileOfRun("dashboard");
/** What issue 14 asks for. */
const soonMs = 2000;

let user: Workspace;
let k: Kubectl;
let watched: Watched;
let page: Page;
let ended: Promise<unknown[]>;
let end: () => void;

beforeAll(async () => {
  user = await workspace();
  const dashboard = spawn(launcher, ["dashboard", "--url", "--write"], {
    env: user.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  ended = once(dashboard, "close");
  end = () => void dashboard.kill("SIGINT");
  const [url] = (await once(createInterface({ input: dashboard.stdout }), "line")) as [string];
  watched = await openPage(await chromium(), url);
  page = watched.page;
});

afterAll(async () => {
  end();
  await user.dispose();
});

/** Waits until the page has these words, or no longer; resolves with the milliseconds since `begun`. */
async function seen(words: string, begun: number, isThere = true, timeout = soonMs): Promise<number> {
  const has = `document.querySelector("main").innerText.includes(${JSON.stringify(words)})`;
  await page.waitForFunction(isThere ? has : `!${has}`, { timeout });
  return performance.now() - begun;
}

const show = async (view: string): Promise<void> => {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${profile}/${view}`)}`);
  await page.waitForSelector(`nav.views a[href="#${profile}/${view}"][aria-current]`);
};

test("a cluster appears while it is started, with the steps that go on, and is running when the start ends", async () => {
  expect(await wordsOf(page)).toContain("There are no clusters");
  const started = user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
  await page.waitForSelector(`nav.clusters a[href^="#${profile}/"]`, { timeout: 60_000 });
  await show("start");
  await page.waitForSelector(".bar.running", { timeout: 60_000 });
  await started;
  await seen("running", performance.now());
  await page.waitForFunction("!document.querySelector('.bar.running')", { timeout: soonMs });
  expect(await wordsOf(page, "main")).toMatch(/done in \d/);
  k = kubectl(user, profile);
  await show("nodes");
  await seen("Ready", performance.now());
  expect(await wordsOf(page, "main")).toContain("v1.20.2");
});

test("a pod appears and vanishes within two seconds, and its last lines and the next ones are shown", async () => {
  await user.ok(["image", "load", "-p", profile, await busyboxImage(user.home)]);
  await show("pods");
  const lines = "i=0; while true; do i=$((i+1)); echo tick $i; sleep 1; done";
  const overrides = JSON.stringify({ spec: { terminationGracePeriodSeconds: 0 } });
  const made = k(
    "run",
    "ticker",
    `--image=${busyboxRef}`,
    `--overrides=${overrides}`,
    "--",
    "sh",
    "-c",
    lines,
  );
  await made;
  await seen("ticker", performance.now());
  await k("wait", "--for=condition=Ready", "pod/ticker", "--timeout=120s");
  await page.waitForFunction(
    "[...document.querySelectorAll('tr')].some((row) => /ticker[^]*Running/.test(row.innerText))",
    { timeout: soonMs },
  );
  await page.evaluate(
    "[...document.querySelectorAll('button.link')].find((one) => one.textContent === 'ticker').click()",
  );
  await page.waitForFunction("/tick 1\\n/.test(document.querySelector('dialog pre')?.innerText)", {
    timeout: soonMs,
  });
  const count = () => wordsOf(page, "dialog pre").then((text) => text.split("\n").length);
  const before = await count();
  await page.waitForFunction(
    `document.querySelector("dialog pre").innerText.split("\\n").length > ${before}`,
    {
      timeout: 2 * soonMs,
    },
  );
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await k("delete", "pod", "ticker", "--now");
  await seen("ticker", performance.now(), false);
  await show("events");
  expect(await wordsOf(page, "main")).toContain("Pod default/ticker");
});

test("an addon is enabled and disabled on the page", async () => {
  await show("addons");
  const storage = '[role=switch][aria-label="storage"]';
  await page.waitForSelector(`${storage}[aria-checked=false]`, { timeout: 20_000 });
  await page.click(storage);
  await page.waitForSelector(`${storage}[aria-checked=true]:disabled`, { timeout: soonMs });
  await page.waitForSelector(`${storage}[aria-checked=true]:not(:disabled)`, { timeout: 180_000 });
  const card = `li:has(${storage})`;
  expect(await wordsOf(page, card)).toContain("Enabled: ");
  await page.waitForFunction(
    `document.querySelector(${JSON.stringify(card)}).innerText.includes("healthy")`,
    {
      timeout: 20_000,
    },
  );
  const { stdout } = await user.ok(["addons", "show", "storage", "-p", profile, "--output", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ state: "healthy" });
  await page.click(storage);
  await page.waitForSelector(`${storage}[aria-checked=false]:not(:disabled)`, { timeout: 120_000 });
  expect(await wordsOf(page, card)).toContain("Disabled");
});

test("what other commands do to the cluster is seen within two seconds", async () => {
  await show("pods");
  await user.ok(["pause", "-p", profile]);
  await seen("paused", performance.now());
  await user.ok(["unpause", "-p", profile]);
  await seen("running", performance.now(), true, 2 * soonMs);
  await user.ok(["stop", "-p", profile]);
  await seen("stopped", performance.now());
  expect(await wordsOf(page, "main")).toContain("There are no pods");
  await user.ok(["delete", "-p", profile]);
  await seen("There are no clusters", performance.now());
  expect(watched.complaints).toEqual([]);
  expect(watched.foreign).toEqual([]);
});

test("Ctrl-C ends it, and nothing is left", async () => {
  end();
  expect((await ended)[0]).toBe(130);
  expect(await leftovers(user, profile)).toEqual([]);
});
