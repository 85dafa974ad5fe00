import { Agent, request } from "node:https";
import { LocalkubeError, messageOf } from "../contract/errors/localkube-error.ts";

export interface ApiAccess {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  /** Secret. */
  readonly key: string;
  /** Milliseconds that a request may wait for its answer unless it says otherwise. Default 30 000. */
  readonly answerMs?: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: string;
}

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  readonly body?: string;
  readonly contentType?: string;
  /** Milliseconds until API_UNREACHABLE. Default: `ApiAccess.answerMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/**
 * The Kubernetes API of one cluster over its own TLS, with the admin's client certificate. Deliberately small: the official client
 * costs 5 times a bare start of Node, and we need six verbs.
 */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#agent = new Agent({
      keepAlive: true,
      ca: access.ca,
      cert: access.certificate,
      key: access.key,
      maxSockets: 6,
    });
  }

  /** Resolves with any status; rejects with API_UNREACHABLE when no answer comes. */
  send(path: string, options: ApiRequest = {}, isSecond = false): Promise<ApiResponse> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#access.answerMs ?? 30_000);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => {
        if (options.signal?.aborted) reject(options.signal.reason as Error);
        // The server closed a connection while we took it for the next request. Every request of ours may be repeated.
        else if (!isSecond && call.reusedSocket && (cause as NodeJS.ErrnoException).code === "ECONNRESET")
          resolve(this.send(path, options, true));
        else
          reject(
            new LocalkubeError(
              "API_UNREACHABLE",
              { server: this.#access.server, problem: problemOf(cause) },
              { cause },
            ),
          );
      };
      // Node leaves the length out for DELETE, and the server takes the body for the next request.
      const headers =
        options.body === undefined
          ? {}
          : {
              "content-type": options.contentType ?? "application/json",
              "content-length": Buffer.byteLength(options.body),
            };
      const call = request(
        new URL(path, this.#access.server),
        { agent: this.#agent, method: options.method ?? "GET", headers, signal },
        (response) => {
          let body = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (body += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          response.on("error", failed);
        },
      );
      call.on("error", failed);
      call.end(options.body);
    });
  }

  /** The object, or undefined for 404; rejects with API_REFUSED for any other failure status. */
  async get<T = KubeObject>(path: string, options: ApiRequest = {}): Promise<T | undefined> {
    const { status, body } = await this.send(path, options);
    if (status === 404) return undefined;
    if (status >= 300) throw this.refused("GET", path, status, body);
    return JSON.parse(body) as T;
  }

  refused(method: string, path: string, status: number, body: string): LocalkubeError {
    let message = body.slice(0, 400);
    try {
      message = (JSON.parse(body) as { message?: string }).message ?? message;
    } catch {
      // Not a Status object: the text itself is what there is to show.
    }
    return new LocalkubeError("API_REFUSED", { method, path, status }, { output: message });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A certificate may be refused because of a clock that is wrong. */
function problemOf(error: unknown): string {
  const message = messageOf(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "CERT_NOT_YET_VALID" && code !== "CERT_HAS_EXPIRED") return message;
  return `${message} by this host's clock (${new Date().toISOString()}); where the clock is right, localkube start issues certificates again`;
}
