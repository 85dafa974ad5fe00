import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

const longest = 40;

/** The profile of commands without --profile, unless the settings name another one. */
export const defaultProfile = "localkube";

/**
 * Returns the name when it is valid for a profile, that is a DNS label of 1 to 40 characters: it is used as a folder, hostname, container
 * name and kubeconfig context. Throws PROFILE_NAME_INVALID saying what is wrong.
 */
export function profileName(name: string): string {
  const problem = problemOf(name);
  if (problem !== undefined) throw new LocalkubeError("PROFILE_NAME_INVALID", { name, problem });
  return name;
}

function problemOf(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > longest) return `it has ${name.length} characters, ${longest} are allowed`;
  if (/[A-Z]/.test(name)) return "it has capital letters";
  const odd = /[^a-z0-9-]/u.exec(name);
  if (odd) return `it has the character '${odd[0]}'`;
  if (name.startsWith("-") || name.endsWith("-")) return "it begins or ends with '-'";
  return undefined;
}
