import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { ApiConnection } from "./connection.ts";
import { PacketError } from "../errors.ts";

/** An answer of the API as received; `json` is undefined when the body is something else. */
export interface ApiAnswer {
  readonly status: number;
  readonly json: unknown;
  readonly body: string;
}

const longestSaid = 300;

/** Errors after which nothing was done, so there is nothing to look for. */
const refusals: readonly string[] = [
  "PACKET_TOKEN_REFUSED",
  "PACKET_FORBIDDEN",
  "PACKET_NOT_FOUND",
  "PACKET_REFUSED",
  "PACKET_RATE_LIMITED",
];

/** The API refused. After any other failure of a POST nobody knows whether it was carried out. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof LocalkubeError && refusals.includes(error.id);

/** The message of either error shape (`{errors: […]}`, `{error: "…"}`) or, when it is not JSON, its first words; never the token. */
function saidBy({ status, json, body }: ApiAnswer, token: string): string {
  const { errors, error } = (json ?? {}) as { errors?: unknown; error?: unknown };
  const texts = [...(Array.isArray(errors) ? (errors as unknown[]) : [errors]), error].filter(
    (text): text is string => typeof text === "string" && text.trim() !== "",
  );
  const foreign = json === undefined ? `no JSON but '${body.replace(/<[^>]*>|\s+/g, " ").trim()}'` : "";
  return redact([`status ${status}`, texts.join("; ") || foreign].filter(Boolean).join(", "), token);
}

/** Shortened, on one line, and without the token, which a careless service may echo. */
export const redact = (text: string, token: string): string =>
  text
    .replaceAll(token, "(token)")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .slice(0, longestSaid);

/** The error for an unexpected answer; `action` is what we wanted, as a verb: "delete the device 3f…". */
export function apiFailure(answer: ApiAnswer, action: string, connection: ApiConnection): LocalkubeError {
  const said = saidBy(answer, connection.token);
  const endpoint = connection.endpoint.href;
  switch (answer.status) {
    case 401:
      return new PacketError("PACKET_TOKEN_REFUSED", { endpoint, origin: connection.origin, action });
    case 403:
      return new PacketError("PACKET_FORBIDDEN", { action, said });
    case 404:
      return new PacketError("PACKET_NOT_FOUND", { endpoint, action, said });
    case 400:
    case 409:
    case 422:
      return new PacketError("PACKET_REFUSED", { action, said });
    default:
      return new PacketError("PACKET_SERVICE_FAILED", { endpoint, action, said });
  }
}
