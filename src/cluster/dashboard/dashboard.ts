import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openBrowser } from "../../host/open-browser.ts";
import { listClusters } from "../../state/store.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { Board } from "./board.ts";
import { followClusters } from "./follow-clusters.ts";
import { pageFiles } from "./page-files.ts";
import { followPodLog } from "./pod-log.ts";
import { serveDashboard } from "./server.ts";
import { switchAddon } from "./switch-addon.ts";

export interface DashboardRequest {
  /** Which cluster is shown first. */
  readonly profile: string;
  /** On 127.0.0.1; 0 = any free one. */
  readonly port: number;
  /** Whether the page may switch addons. */
  readonly write: boolean;
  /** Whether the desktop's browser is to show it. */
  readonly browser: boolean;
}

export interface OpenedDashboard {
  /** Secret: the first who asks for it may see everything. */
  readonly url: string;
  readonly port: number;
  readonly write: boolean;
}

/**
 * Serves a page about all clusters until the signal aborts; `onOpen` is called once it answers. What the page has begun by then is awaited. Rejects with PORT_IN_USE or
 * PORT_NOT_PERMITTED.
 */
export async function dashboard(
  { profile, port, write, browser }: DashboardRequest,
  context: UseCaseContext,
  onOpen: (opened: OpenedDashboard) => void,
): Promise<void> {
  const board = new Board();
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  // Notices of use cases are about what the page shows.
  const quiet = { ...context, signal, emit: () => undefined };
  const files = await pageFiles();
  const clusters = followClusters(board, quiet);
  const work = new Set<Promise<void>>();
  try {
    const server = await serveDashboard(port, {
      board,
      files,
      profile,
      ...(write
        ? {
            switchAddon: async (request) => {
              const one = switchAddon(request, board, quiet);
              work.add(one);
              await one;
              work.delete(one);
            },
          }
        : {}),
      followLog: async (cluster, request, sink, closed) => {
        const api = clusters.apiOf(cluster);
        if (!api) return sink.note(`${cluster} does not answer.`);
        await followPodLog(api, request, sink, AbortSignal.any([closed, signal]));
      },
    });
    try {
      await tellOfHeadlamp(context);
      onOpen({ url: server.url, port: server.port, write });
      await (browser ? untilAborted(context, server.url) : aborted(context.signal));
    } finally {
      await server.close();
    }
  } finally {
    over.abort();
    await Promise.all([clusters.ended, ...work]);
    board.close();
  }
}

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, "abort");
};

/** The browser gets the URL from a file that only this user can read: every user of the host sees the words of its command line. */
async function untilAborted({ host, signal }: UseCaseContext, url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-dashboard-"));
  try {
    const page = join(folder, "open.html");
    const content = `<!doctype html><meta charset="utf-8"><title>localkube</title><meta http-equiv="refresh" content="0; url=${url}">\n`;
    await writeFile(page, content, { mode: 0o600 });
    await openBrowser(pathToFileURL(page).href, host);
    await aborted(signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The addon of the same name is another page. */
async function tellOfHeadlamp(context: UseCaseContext): Promise<void> {
  for (const one of await listClusters(context.host))
    if ("record" in one && "dashboard" in one.record.spec.addons)
      notice(
        context,
        `Headlamp, the addon dashboard of ${one.name}, is another page: localkube addons open dashboard -p ${one.name}`,
      );
}
