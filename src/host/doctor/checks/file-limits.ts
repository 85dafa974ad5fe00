import { type HostCheck, ok, textOf, warn } from "../host-check.ts";

/** What the systemd, kubelet and a dozen pods of one cluster need, with a generous margin. */
const least = { instances: 128, watches: 65_536, files: 10_000 };

export interface FileLimits {
  readonly instances: number;
  readonly watches: number;
  /** Hard limit of open files of this process, which containers inherit. */
  readonly files: number;
}

export const fileLimits: HostCheck = {
  id: "file-limits",
  title: "Limits of files and watches",
  async run() {
    const inotify = (name: string) => textOf(`/proc/sys/fs/inotify/${name}`).then(limit);
    const files = /^Max open files\s+\S+\s+(\S+)/m.exec(await textOf("/proc/self/limits"))?.[1] ?? "";
    return judgeFileLimits({
      instances: await inotify("max_user_instances"),
      watches: await inotify("max_user_watches"),
      files: limit(files),
    });
  },
};

export function judgeFileLimits({ instances, watches, files }: FileLimits) {
  const detail = `inotify: ${instances} instances, ${watches} watches; open files: ${files}`;
  if (instances < least.instances) return warn(detail, "sysctl -w fs.inotify.max_user_instances=512");
  if (watches < least.watches) return warn(detail, "sysctl -w fs.inotify.max_user_watches=524288");
  if (files < least.files) return warn(detail, `Raise the limit: ulimit -Hn ${least.files}`);
  return ok(detail);
}

/** Limits that the host does not report do not exist. */
const limit = (text: string) => (/^\d+$/.test(text) ? Number(text) : Infinity);
