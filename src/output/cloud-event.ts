/** One event in the JSON form of CloudEvents 1.0. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: "localkube";
  /** `dev.localkube.step.started` and so on. */
  readonly type: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: unknown;
}

let run: string | undefined;
let count = 0;

/** `at` is milliseconds since the epoch. Ids are unique across all runs and increase within one. */
export function cloudEvent(type: string, data: unknown, at = Date.now()): CloudEvent {
  // The global object: loading node:crypto takes longer than most commands.
  run ??= crypto.randomUUID();
  return {
    specversion: "1.0",
    id: `${run}-${++count}`,
    source: "localkube",
    type: `dev.localkube.${type}`,
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    data,
  };
}
