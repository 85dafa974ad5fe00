import { readFile } from "node:fs/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { JumpHost, MachineAccess } from "../contract/driver.ts";
import type { HostContext } from "../contract/host.ts";
import type { SshEndpoint, SshServer } from "../contract/transport.ts";

/** Contains sudo's password where no file does. */
const sudoPasswordVariable = "LOCALKUBE_SUDO_PASSWORD";

/** Keys of a machine whose access names none: those we generated. */
export interface OwnKeys {
  readonly identityFile?: string;
  readonly hostKey: string;
}

/** The endpoint of a machine that is reached directly; the SSH agent is that of this command's environment. */
export function accessEndpoint(
  access: MachineAccess,
  own: OwnKeys,
  { env }: Pick<HostContext, "env">,
): SshEndpoint {
  const { host, port, user, jump, sudoPasswordFile } = access;
  const identityFile = access.identityFile ?? (access.agent ? undefined : own.identityFile);
  const socket = env["SSH_AUTH_SOCK"];
  const agent = access.agent && socket ? { agent: socket } : {};
  const login = { ...(identityFile === undefined ? {} : { identityFile }), ...agent };
  return {
    host,
    port,
    user,
    ...login,
    hostKey: access.hostKey ?? own.hostKey,
    ...(jump ? { jump: jumpServer(jump, login) } : {}),
    ...(user === "root"
      ? {}
      : { sudo: { password: () => sudoPassword(sudoPasswordFile, env[sudoPasswordVariable]) } }),
  };
}

function jumpServer(
  { host, port, user, identityFile, hostKey }: JumpHost,
  login: Pick<SshServer, "identityFile" | "agent">,
): SshServer {
  return { host, port, user, ...login, ...(identityFile === undefined ? {} : { identityFile }), hostKey };
}

/** The first line of the file. Rejects with SUDO_PASSWORD_UNREADABLE. */
async function sudoPassword(
  file: string | undefined,
  variable: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return variable === undefined || variable === "" ? undefined : variable;
  try {
    const [line = ""] = (await readFile(file, "utf8")).split(/\r?\n/, 1);
    if (line === "") throw new Error("its first line is empty");
    return line;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = code === "ENOENT" ? "there is no such file" : message;
    throw new LocalkubeError("SUDO_PASSWORD_UNREADABLE", { file, problem }, { cause });
  }
}
