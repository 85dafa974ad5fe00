import { errorsOf } from "../../src/contract/errors/localkube-error.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

/** What only this driver can report; see src/contract/errors for what all drivers share. */
export const packetErrors = {
  PACKET_ENDPOINT_MISSING: {
    exit: exitCodes.usage,
    title:
      "The driver packet needs the address of an API: Packet's public service ended on 30 June 2026, so there is no default",
    fix: "Specify a private one: localkube start --driver packet --packet-endpoint https://metal.example.org/metal/v1",
  },
  PACKET_ENDPOINT_INVALID: {
    exit: exitCodes.usage,
    title: "--packet-endpoint '{endpoint}' cannot be used: {problem}",
    fix: "Give it as https://HOST/PATH, for example https://metal.example.org/metal/v1",
  },
  PACKET_AUTHORITY_UNREADABLE: {
    exit: exitCodes.usage,
    title: "--packet-ca-file {file} cannot be used: {problem}",
    fix: "Name a file with the certificates (PEM) of the authority that signed the endpoint's",
  },
  PACKET_TOKEN_MISSING: {
    exit: exitCodes.permission,
    title: "There is no token for the API at {endpoint}",
    fix: "Put it into a file that only you can read and name that: --packet-token-file FILE (or set PACKET_AUTH_TOKEN)",
  },
  PACKET_TOKEN_FILE: {
    exit: exitCodes.permission,
    title: "The token file {file} cannot be used: {problem}",
    fix: "Write the token alone into it, readable by you only: chmod 600 {file}",
  },
  PACKET_TOKEN_REFUSED: {
    exit: exitCodes.permission,
    title: "The API at {endpoint} does not accept the token ({origin}) when it is asked to {action}",
    fix: "Give one that is valid: --packet-token-file FILE, PACKET_AUTH_TOKEN, or the keychain's entry localkube-packet",
  },
  PACKET_FORBIDDEN: {
    exit: exitCodes.permission,
    title: "The token is not permitted to {action}: {said}",
    fix: "Use a token that may write to the project, or another project: --packet-project ID",
  },
  PACKET_NOT_FOUND: {
    exit: exitCodes.notFound,
    title: "The API at {endpoint} has no endpoint to {action}: {said}",
    fix: "Check --packet-endpoint (the path before /projects belongs to it) and --packet-project",
  },
  PACKET_REFUSED: {
    exit: exitCodes.unavailable,
    title: "The API refuses to {action}: {said}",
    fix: "Change the --packet-… flags it names, then run the same command again",
  },
  PACKET_RATE_LIMITED: {
    exit: exitCodes.temporary,
    title: "The API accepts no more requests for {seconds} s (asked to {action})",
    fix: "Run the same command again after that time; it goes on where it stopped",
  },
  PACKET_SERVICE_FAILED: {
    exit: exitCodes.unavailable,
    title: "The API at {endpoint} could not {action}: {said}",
    fix: "Run the same command again; it continues where it stopped",
  },
  PACKET_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "The API at {endpoint} does not answer when it is asked to {action}: {problem}",
    fix: "Check --packet-endpoint, the network, HTTPS_PROXY, and --packet-ca-file for a private authority",
  },
  PACKET_PROJECT_UNCLEAR: {
    exit: exitCodes.usage,
    title: "The token has access to {count} projects, and none was chosen",
    fix: "Choose one: --packet-project ID, of {known}",
  },
  PACKET_CHOICE_UNKNOWN: {
    exit: exitCodes.usage,
    title: "{flag} '{value}': {problem}",
    fix: "Use one of: {known}",
  },
  PACKET_CHOICE_MISSING: {
    exit: exitCodes.usage,
    title: "No {what} was given for the server",
    fix: "Give {flag} one of: {known}",
  },
  PACKET_PLACE_TWICE: {
    exit: exitCodes.usage,
    title: "A server is in a metro or in a facility; both were given ({metro} and {facility})",
    fix: "Leave out one of --packet-metro and --packet-facility",
  },
  PACKET_RESERVATION_UNUSABLE: {
    exit: exitCodes.usage,
    title: "The hardware reservation {id} cannot be used: {problem}",
    fix: "Name a free one of that project, or let the API choose: --packet-hw-reservation next-available",
  },
  PACKET_NO_CAPACITY: {
    exit: exitCodes.unavailable,
    title: "There is no free server of the plan {plan} in {place}",
    fix: "Try another plan or place: --packet-plan, --packet-metro",
  },
  PACKET_DEVICE_FAILED: {
    exit: exitCodes.unavailable,
    title: "The server {name} (device {id}) could not be provisioned: its state is '{state}'",
    fix: "Run the same command again; the device and its key were removed unless stated otherwise above",
  },
  PACKET_DEVICE_LATE: {
    exit: exitCodes.temporary,
    title: "The server {name} (device {id}) is still '{state}' after {minutes} minutes",
    fix: "Run the same command again: it finds that device and continues to wait",
  },
  PACKET_DEVICES_SEVERAL: {
    exit: exitCodes.config,
    title: "There are {count} devices with the tags of the machine {name}: {ids}",
    fix: "Remove all but the right one in the project's console, then run the same command again",
  },
} as const satisfies ErrorTable;

export const PacketError = errorsOf(packetErrors);
