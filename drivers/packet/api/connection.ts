import type { HostContext, RunContext } from "../../../src/contract/host.ts";

/** Where the API is and who calls it. Contains a secret: never log it, never put it into an error. */
export interface ApiConnection {
  /** Ends with a slash: paths of the API are added to it. */
  readonly endpoint: URL;
  readonly token: string;
  /** Where the token came from, for display: "PACKET_AUTH_TOKEN", "the file /home/…". */
  readonly origin: string;
  /** Certificates (PEM) of a private certificate authority. */
  readonly authority?: string;
  readonly env: HostContext["env"];
}

/** What a call needs from its caller. */
export type ApiContext = Pick<RunContext, "signal" | "log" | "report">;
