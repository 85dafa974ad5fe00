import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll } from "vitest";

/** Debian's Chromium without a window. Root, as which these tests run, gets no sandbox. */
export async function chromium(): Promise<Browser> {
  const userDataDir = await mkdtemp(join(tmpdir(), "localkube-chromium-"));
  const browser = await puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
    userDataDir,
  });
  afterAll(async () => {
    await browser.close();
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return browser;
}

export interface Watched {
  readonly page: Page;
  /** What went wrong in it: errors, refused requests, words on the console. */
  readonly complaints: readonly string[];
  /** Requests to anybody but the server at this origin. */
  readonly foreign: readonly string[];
}

/** A new page that follows the URL, with everything that a user would not like to see. */
export async function openPage(browser: Browser, url: string): Promise<Watched> {
  const page = await (await browser.createBrowserContext()).newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const asked = request.url();
    if (!asked.startsWith(new URL(url).origin) && !asked.startsWith("data:")) foreign.push(asked);
  });
  await page.setViewport({ width: 1200, height: 800 });
  await page.goto(url);
  await page.waitForSelector("main");
  return { page, complaints, foreign };
}

/** The words of the page. */
export const wordsOf = (page: Page, selector = "body"): Promise<string> =>
  page.$eval(selector, (element) => (element as unknown as { innerText: string }).innerText);

const require = createRequire(import.meta.url);

/** What axe-core has against the page as it is now: the rules that it breaks and where, without what is of little weight. */
export async function barriers(page: Page): Promise<readonly string[]> {
  // Not as a script of the page's, which its content security policy refuses.
  await page.evaluate(await readFile(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found = (await page.evaluate("axe.run()")) as {
    readonly violations: readonly {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string }[];
    }[];
  };
  return found.violations
    .filter(({ impact }) => impact !== "minor")
    .flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => `${impact}: ${id}: ${html.slice(0, 200)}`));
}
