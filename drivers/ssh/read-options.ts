import type { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { hostKeyPattern } from "./known-hosts.ts";
import type { sshOptions } from "./options.ts";
import { SshDriverError } from "./errors.ts";

export type SshOptionName = (typeof sshOptions)[number]["name"];

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The driver's options, parsed; no prompting. */
export interface SshOptions {
  readonly target: Place;
  readonly key?: string;
  readonly hostKey?: string;
  readonly jump?: Place;
  readonly jumpKey?: string;
  readonly jumpHostKey?: string;
  readonly sudoPasswordFile?: string;
  readonly takeOver: boolean;
}

/** Throws SSH_OPTION_INVALID, SSH_HOST_MISSING. */
export function readOptions(values: Readonly<Record<string, string>>): SshOptions {
  const text = (name: SshOptionName): string | undefined => values[name] || undefined;
  const key = (name: SshOptionName) => optional(text(name), (value) => hostKey(name, value));
  const host = text("ssh-host");
  if (host === undefined) throw new SshDriverError("SSH_HOST_MISSING");
  const target = {
    host: hostName("ssh-host", host),
    port: portNumber("ssh-port", text("ssh-port") ?? "22"),
    user: userName("ssh-user", text("ssh-user") ?? "root"),
  };
  return {
    target,
    ...given("key", keyFile("ssh-key", text("ssh-key"))),
    ...given("hostKey", key("ssh-host-key")),
    ...given(
      "jump",
      optional(text("ssh-jump"), (value) => jumpPlace(value, target.user)),
    ),
    ...given("jumpKey", keyFile("ssh-jump-key", text("ssh-jump-key"))),
    ...given("jumpHostKey", key("ssh-jump-host-key")),
    ...given("sudoPasswordFile", text("ssh-sudo-password-file")),
    takeOver: text("ssh-take-over") === "true",
  };
}

/** OpenSSH expands `${…}` in the name of a key file, and there is no way to write it literally. */
function keyFile(name: SshOptionName, value: string | undefined): string | undefined {
  if (value !== undefined && /\$\{|[\r\n]/.test(value))
    throw invalid(name, value, "OpenSSH takes no path with '${' or an end of line");
  return value;
}

/** `user@host:port`; user and port are optional, and an IPv6 address needs brackets when a port follows. */
function jumpPlace(value: string, user: string): Place {
  const match = /^(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+)|([0-9a-fA-F:]+))(?::(\d+))?$/.exec(value);
  if (!match) throw invalid("ssh-jump", value, "it is not USER@HOST or USER@HOST:PORT");
  const [, who = user, bracketed, name, ipv6, port = "22"] = match;
  return {
    host: hostName("ssh-jump", bracketed ?? name ?? ipv6 ?? ""),
    port: portNumber("ssh-jump", port),
    user: userName("ssh-jump", who),
  };
}

/** Characters allowed in a host name in argv and in a known_hosts file. */
function hostName(option: SshOptionName, value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(value) || /^::[0-9A-Fa-f.:]*$/.test(value)) return value;
  throw invalid(option, value, "it is no host name or address");
}

function userName(option: SshOptionName, value: string): string {
  if (/^[A-Za-z_][A-Za-z0-9._-]*[$]?$/.test(value)) return value;
  throw invalid(option, value, "it is no user's name");
}

function portNumber(option: SshOptionName, value: string): number {
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port >= 1 && port <= 65_535) return port;
  throw invalid(option, value, "it is no port from 1 to 65535");
}

function hostKey(option: SshOptionName, value: string): string {
  const match = hostKeyPattern.exec(value.trim());
  if (match) return `${match[1]} ${match[2]}`;
  throw invalid(option, value, "it is no public key like 'ssh-ed25519 AAAA…'");
}

const invalid = (option: SshOptionName, value: string, problem: string): LocalkubeError =>
  new SshDriverError("SSH_OPTION_INVALID", { option, value, problem });

const optional = <T>(value: string | undefined, read: (value: string) => T): T | undefined =>
  value === undefined ? undefined : read(value);

const given = <K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, T>);
