import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface Asked {
  readonly method: string;
  /** `/3f…/rows?x=y` */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** `refused` says nothing of what there is; `opened` gives the browser the cookie that it has to show from then on. */
export type Passage =
  | { readonly type: "refused"; readonly status: 403 | 404 | 421; readonly why: string }
  | { readonly type: "opened"; readonly cookie: string }
  | { readonly type: "passed"; readonly path: string; readonly query: URLSearchParams };

/**
 * Who may ask the page's server. Other programs and users of the host reach its port as well, and other pages in the same browser send requests to it: so there is a token that works
 * once, then a cookie that scripts cannot read and that the browser sends to paths nobody can guess only (cookies know no ports), and no answer by another name than loopback's.
 */
export class Gate {
  readonly #port: number;
  readonly #token = randomBytes(24).toString("base64url");
  readonly #folder = randomBytes(12).toString("base64url");
  readonly #session = randomBytes(24).toString("base64url");
  #isUsed = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** Secret: whoever asks for it first is in. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/${this.#folder}/${entrance}/${this.#token}`;
  }

  /** Counts as the use of the token if it is right. */
  pass({ method, url, headers }: Asked): Passage {
    const foreign = this.#foreign(method, headers);
    if (foreign) return foreign;
    const { pathname, searchParams: query } = new URL(url, "http://127.0.0.1");
    const start = `/${this.#folder}/`;
    if (!pathname.startsWith(start)) return refused(404, noAccess);
    const path = pathname.slice(start.length);
    const token = path.startsWith(`${entrance}/`) ? path.slice(entrance.length + 1) : undefined;
    if (token !== undefined && method === "GET" && !this.#isUsed && isSame(token, this.#token)) {
      this.#isUsed = true;
      const cookie = `${cookieName}=${this.#session}; Path=${start}; HttpOnly; SameSite=Strict`;
      return { type: "opened", cookie };
    }
    if (!isSame(cookieIn(headers.cookie), this.#session)) return refused(403, noAccess);
    // Whoever is in already, and goes back to where they came in.
    if (token !== undefined) return { type: "passed", path: entrance, query };
    const site = headers["sec-fetch-site"] ?? "none";
    if (site !== "same-origin" && site !== "none") return refused(403, foreignPage);
    return { type: "passed", path, query };
  }

  /** Why a request is not for this server, or not from its page; undefined when it may be both. */
  #foreign(method: string, { host = "", origin }: IncomingHttpHeaders): Passage | undefined {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    // A name that leads to this host for a moment (DNS rebinding) is none of ours.
    if (!hosts.includes(host)) return refused(421, "This is not the host that was asked for.");
    // Browsers tell the origin of everything that may change something.
    const isOwn = origin === undefined ? method === "GET" : origin === `http://${host}`;
    return isOwn ? undefined : refused(403, foreignPage);
  }
}

const foreignPage = "Another page sent this request.";
/** The path of the page that leads to the page: a browser sends its cookie only where one of ours sends it, however it came to this one. */
export const entrance = "open";
const cookieName = "localkube-dashboard";
const noAccess =
  "Open the URL that localkube dashboard printed; it works once. To get another: localkube dashboard";

const refused = (status: 403 | 404 | 421, why: string): Passage => ({ type: "refused", status, why });

function cookieIn(header = ""): string {
  const found = header.split(/; */).find((part) => part.startsWith(`${cookieName}=`));
  return found?.slice(cookieName.length + 1) ?? "";
}

/** Takes as long whatever is wrong. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
