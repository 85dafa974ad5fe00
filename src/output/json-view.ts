import type { PipelineEvent, View } from "../pipeline/events.ts";
import { cloudEvent } from "./cloud-event.ts";
import { describeError } from "./describe-error.ts";
import { throttled } from "./throttled.ts";

/** One CloudEvent per line; progress of a step at most five times a second. */
export function jsonView(stdout: NodeJS.WritableStream): View {
  const mayReport = throttled(200);
  return {
    emit(event) {
      if (event.type === "step-progress" && !mayReport(event.id, event.at)) return;
      stdout.write(`${JSON.stringify(toCloudEvent(event))}\n`);
    },
    close: () => Promise.resolve(),
  };
}

function toCloudEvent(event: PipelineEvent) {
  const { type, at, ...data } = event;
  const told = event.type === "step-failed" ? { ...data, error: describeError(event.error) } : data;
  return cloudEvent(type.replaceAll("-", "."), told, at);
}
