import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { poll } from "../../host/poll.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import type { Objects } from "../../kube/objects.ts";

export interface Seen {
  /** What was seen, as a sentence without a full stop. */
  readonly seen: string;
  readonly right: boolean;
}

export interface ProbeContext {
  readonly addon: string;
  /** Of the addon: where its Services are. */
  readonly namespace: string;
  readonly api: Pick<ApiClient, "get" | "send">;
  readonly objects: Objects;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
  /** Milliseconds for all of it, without the removal of what it made. */
  readonly limitMs: number;
  /** A probe of steps is over when its first pod has ended well: somebody waits for the cluster, and `addons test` does the rest. */
  readonly isBrief?: boolean;
  /** Whether cluster DNS has an address for a name. */
  readonly resolves: (name: string) => Promise<boolean>;
  /** Whether any node has a file or folder at an absolute path. */
  readonly isOnNode: (path: string) => Promise<boolean>;
  /** Whether every node has the logins that the addon brings. */
  readonly askLogins: () => Promise<Seen>;
  /** The objects of a probe that makes some, rendered, by the file that they are in. */
  readonly made: ReadonlyMap<string, readonly KubeObject[]>;
}

/** `seen` is what was seen instead of what should be, as a clause. */
export const failed = (addon: string, seen: string, output?: string): LocalkubeError =>
  new LocalkubeError("ADDON_PROBE_FAILED", { addon, seen }, output === undefined ? {} : { output });

/** Milliseconds between two looks. */
export const everyMs = 500;

/** Asks until the answer is right: endpoints, caches and first measurements follow a moment after the pods. Rejects with ADDON_PROBE_FAILED. */
export async function whenRight(
  ask: () => Promise<Seen>,
  { addon, signal, limitMs }: Pick<ProbeContext, "addon" | "signal" | "limitMs">,
): Promise<string> {
  let last = "nothing";
  const right = await poll(
    async () => {
      const { seen, right: isRight } = await ask();
      last = seen;
      return isRight || undefined;
    },
    { signal, everyMs, limitMs },
  );
  if (right) return last;
  throw failed(addon, last);
}
