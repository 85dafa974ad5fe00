/** Hands out a fixed number of places, first come first served. */
export interface ChannelSlots {
  /** Resolves to the function that gives the place back (calling it twice does no harm); rejects when aborted while waiting. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

/** sshd allows 10 sessions on one connection (MaxSessions); we use fewer, so that a command can be ended by another one. */
export function channelSlots(count = 8): ChannelSlots {
  let free = count;
  const waiting: (() => void)[] = [];

  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    };
  };

  return {
    acquire(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(place());
      }
      return new Promise((resolve, reject) => {
        const turn = () => {
          signal.removeEventListener("abort", abort);
          resolve(place());
        };
        const abort = () => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(signal.reason as Error);
        };
        waiting.push(turn);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
