import { exitCodes } from "../contract/errors/entry.ts";

/** Exit codes with the same meaning in every command. */
export const generalExits: Readonly<Record<number, string>> = {
  0: "done",
  [exitCodes.bug]: "a bug of localkube",
  [exitCodes.usage]: "wrong usage: a flag, an argument or a value",
  [exitCodes.notFound]: "what was named does not exist",
  [exitCodes.unavailable]: "something needed is missing: a program, a driver, a service",
  [exitCodes.software]: "a program we ran failed",
  [exitCodes.cannotCreate]: "something cannot be created: no space, a port or a name is taken",
  [exitCodes.io]: "a file or a download is not what it should be",
  [exitCodes.temporary]: "not ready in time; trying again may help",
  [exitCodes.permission]: "not permitted",
  [exitCodes.config]: "a file of the state directory or of the configuration cannot be used",
  [exitCodes.interrupted]: "interrupted",
  141: "the reader of standard output closed it, as head does",
};
