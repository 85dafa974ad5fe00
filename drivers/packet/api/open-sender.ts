import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { type HttpClient, httpClient, type HttpResponse } from "../../../src/host/http/http-client.ts";
import { PacketError } from "../errors.ts";
import { type ApiAnswer, apiFailure, redact } from "./api-failure.ts";
import type { ApiConnection, ApiContext, Pacing } from "./connection.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Relative to the endpoint, without a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  /** What is wanted, as a verb, for errors: "make the device". */
  readonly action: string;
  /** Statuses besides 2xx that are an answer and not a failure. */
  readonly accept?: readonly number[];
}

/**
 * Resolves with the answer, or rejects with the PACKET_… error for its status. A GET that failed in transit or at the service (5xx, not JSON)
 * is retried a few times; other methods are not, because the request may have been carried out. After 429, requests of any method wait until
 * the limit ends and are sent again: nothing was done in that case.
 */
export type Send = (request: ApiRequest, c: ApiContext) => Promise<ApiAnswer>;

export function openSender(connection: ApiConnection, pacing: Pacing): Send {
  let client: Promise<HttpClient> | undefined;
  const got = (): Promise<HttpClient> =>
    (client ??= httpClient(connection.endpoint, connection.env, connection.authority));

  return async (request, c) => {
    const retries = request.method === "GET" ? [...pacing.retryMs] : [];
    const begun = performance.now();
    let limitLeftMs = pacing.rateLimitMs;
    for (;;) {
      const outcome = await attempt(await got(), request, connection, pacing, c);
      if ("waitMs" in outcome) {
        limitLeftMs -= outcome.waitMs;
        const seconds = Math.ceil(outcome.waitMs / 1000);
        if (limitLeftMs < 0)
          throw new PacketError("PACKET_RATE_LIMITED", { seconds, action: request.action });
        c.report({ message: `the API takes no requests for ${seconds} s` });
        await sleep(outcome.waitMs, undefined, { signal: c.signal });
        continue;
      }
      if ("answer" in outcome) return outcome.answer;
      const late = performance.now() - begun > pacing.retryWithinMs;
      const pause = outcome.temporary && !late ? retries.shift() : undefined;
      if (pause === undefined) throw outcome.error;
      c.log(`${outcome.error.message}; asking again`);
      await sleep(pause, undefined, { signal: c.signal });
    }
  };
}

type Outcome =
  | { readonly answer: ApiAnswer }
  | { readonly waitMs: number }
  | { readonly error: LocalkubeError; readonly temporary: boolean };

async function attempt(
  client: HttpClient,
  request: ApiRequest,
  connection: ApiConnection,
  pacing: Pacing,
  c: ApiContext,
): Promise<Outcome> {
  const response = await exchange(client, request, connection, pacing, c);
  if (response instanceof LocalkubeError) return { error: response, temporary: true };
  if (response.statusCode === 429) return { waitMs: rateLimitMs(response.headers) };
  const answer = read(response);
  const { status } = answer;
  const fine = status >= 200 && status < 300;
  // A load balancer's HTML page, whatever its status says.
  const garbled = fine && answer.json === undefined && answer.body.trim() !== "";
  if ((fine && !garbled) || request.accept?.includes(status)) return { answer };
  const error = apiFailure(answer, request.action, connection);
  return { error, temporary: status >= 500 || garbled };
}

/** One request and its answer, or PACKET_UNREACHABLE; otherwise rejects only with the signal's reason. */
async function exchange(
  client: HttpClient,
  { method, path, query = {}, body, action }: ApiRequest,
  { endpoint, token }: ApiConnection,
  { answerMs }: Pacing,
  c: ApiContext,
): Promise<HttpResponse | LocalkubeError> {
  const url = new URL(path, endpoint);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const begun = performance.now();
  const tell = (what: string): void =>
    c.log(`${method} ${url.pathname}${url.search}: ${what} (${Math.round(performance.now() - begun)} ms)`);
  c.signal.throwIfAborted();
  try {
    const response = await client<string>(url, {
      method,
      headers: { "x-auth-token": token, accept: "application/json" },
      ...(body ? { json: body } : {}),
      // The token must not be sent to where a redirect points.
      followRedirect: false,
      timeout: { request: answerMs },
      signal: c.signal,
    });
    tell(String(response.statusCode));
    return response;
  } catch (error) {
    c.signal.throwIfAborted();
    // The library's error contains the request with the token: it must not become a cause.
    const { code = "", message } = error as NodeJS.ErrnoException;
    const problem = redact(code && !message.includes(code) ? `${code}: ${message}` : message, token);
    tell(problem);
    return new PacketError("PACKET_UNREACHABLE", { endpoint: endpoint.href, action, problem });
  }
}

function read({ statusCode, body }: HttpResponse): ApiAnswer {
  try {
    return { status: statusCode, body, json: JSON.parse(body) as unknown };
  } catch {
    return { status: statusCode, body, json: undefined };
  }
}

const unknownResetMs = 5000;
/** The API reports whole seconds: wait a little longer, so that the limit has really ended. */
const marginMs = 250;

/**
 * Milliseconds until a rate limit ends, from `X-RateLimit-Reset` (seconds since the epoch, by the server's clock, which its `Date` header
 * gives) or `Retry-After` (seconds). Pure.
 */
function rateLimitMs(headers: IncomingHttpHeaders, now = Date.now()): number {
  const after = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && Number.isFinite(after) && after >= 0) return after * 1000;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (headers["x-ratelimit-reset"] === undefined || !Number.isFinite(reset)) return unknownResetMs;
  const theirs = Date.parse(headers.date ?? "");
  return Math.max(0, reset * 1000 - (Number.isNaN(theirs) ? now : theirs)) + marginMs;
}
