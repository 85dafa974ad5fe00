import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, warn, type CheckResult, type HostCheck } from "../host-check.ts";

export const folders: HostCheck = {
  id: "folders",
  title: "Folders",
  async run({ stateDir, cacheDir }) {
    const problems = [
      await problemOf(stateDir, "LOCALKUBE_HOME", true),
      await problemOf(cacheDir, "XDG_CACHE_HOME", false),
    ];
    const found = problems.filter((problem) => problem !== undefined);
    const worst = found.find(({ status }) => status === "fail") ?? found[0];
    return worst ?? ok(`${stateDir} and ${cacheDir} are writable`);
  },
};

async function problemOf(
  folder: string,
  variable: string,
  isPrivate: boolean,
): Promise<CheckResult | undefined> {
  const status = await stat(folder).catch(() => undefined);
  if (status && !status.isDirectory())
    return fail(`${folder} is not a folder`, `Set ${variable} to another folder`);
  const place = status ? folder : await nearestParent(folder);
  if (!(await isWritable(place)))
    return fail(`${place} is not writable`, `Set ${variable} to a folder that is writable`);
  if (status && isPrivate && (status.mode & 0o077) !== 0)
    return warn(`other users can read ${folder}, where keys are kept`, `chmod 700 ${folder}`);
  return undefined;
}

async function nearestParent(folder: string): Promise<string> {
  const parent = dirname(folder);
  if (parent === folder || (await stat(parent).catch(() => undefined))) return parent;
  return nearestParent(parent);
}

const isWritable = (folder: string) =>
  access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
