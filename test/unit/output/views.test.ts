import type { Writable } from "node:stream";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test, vi } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { createView } from "../../../src/output/create-view.ts";
import { plainView } from "../../../src/output/plain-view.ts";
import type { OutputForm } from "../../../src/output/output-form.ts";
import type { PipelineEvent } from "../../../src/pipeline/events.ts";

const at = Date.parse("2026-01-02T03:04:05.000Z");
const failure = new LocalkubeError("HOST_COMMAND_FAILED", { command: "podman run", exitCode: 125 });
const run: readonly PipelineEvent[] = [
  {
    type: "run-started",
    at,
    command: "start",
    profile: "localkube",
    steps: [
      { id: "image", title: "Getting the image" },
      { id: "keys", title: "Making keys" },
      { id: "machine", title: "Creating the machine" },
      { id: "push", title: "Pushing files" },
      { id: "never", title: "Never begun" },
    ],
  },
  { type: "step-started", at: at + 10, id: "image", title: "Getting the image" },
  { type: "step-started", at: at + 11, id: "keys", title: "Making keys" },
  { type: "step-finished", at: at + 20, id: "keys", outcome: "unchanged", durationMs: 9 },
  progress(1_000, 10_000_000),
  progress(1_100, 11_000_000),
  progress(3_000, 30_000_000),
  progress(9_000, 90_000_000),
  progress(13_500, 99_000_000),
  { type: "notice", at: at + 13_600, level: "warning", text: "using emulation: slow" },
  { type: "step-finished", at: at + 14_000, id: "image", outcome: "done", durationMs: 13_990 },
  { type: "step-started", at: at + 14_001, id: "machine", title: "Creating the machine" },
  { type: "step-started", at: at + 14_002, id: "push", title: "Pushing files" },
  { type: "step-failed", at: at + 15_000, id: "machine", durationMs: 999, error: failure },
  { type: "step-failed", at: at + 15_001, id: "push", durationMs: 999, error: failure },
  { type: "run-finished", at: at + 15_002, durationMs: 15_002, outcome: "failed" },
];

function progress(ms: number, done: number): PipelineEvent {
  const report = { message: "rootfs.tar", done, total: 100_000_000, unit: "bytes" as const };
  return { type: "step-progress", at: at + ms, id: "image", progress: report };
}

interface Shown {
  readonly stdout: string;
  readonly stderr: string;
}

async function show(
  output: OutputForm,
  terminal: { readonly isTTY: boolean; readonly columns?: number },
  events = run,
  verbose = false,
): Promise<Shown> {
  const [stdout, stderr] = [collector(), collector()];
  const tty = Object.assign(stderr.stream, terminal) as unknown as NodeJS.WriteStream;
  const view = await createView({
    output,
    isTTY: terminal.isTTY,
    verbose,
    stdout: stdout.stream,
    stderr: tty,
  });
  for (const event of events) {
    view.emit(event);
    // Drawing happens between events, as in a real run.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await view.close();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

function collector() {
  let text = "";
  const stream: Writable = new PassThrough().on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { stream, text: () => text };
}

test("plain: one line a change with the elapsed time; progress at most each ten seconds", async () => {
  const { stdout, stderr } = await show("text", { isTTY: false });
  expect(stdout).toBe("");
  expect(stderr.split("\n")).toEqual([
    "[   3.0s]     Getting the image: rootfs.tar, 30.0 MB of 100 MB (30 %), 10.0 MB/s",
    "[  13.5s]     Getting the image: rootfs.tar, 99.0 MB of 100 MB (99 %)",
    "[  13.6s] !   using emulation: slow",
    "[  14.0s] ok  Getting the image (14.0 s)",
    "[  15.0s] ERR Creating the machine (999 ms): `podman run` ended with exit code 125",
    "[  15.0s] --  Pushing files (stopped)",
    "[  15.0s] failed after 15.0 s",
    "",
  ]);
});

test("plain and verbose: every step, also those that had nothing to do", async () => {
  const { stderr } = await show("text", { isTTY: false }, run, true);
  expect(stderr).toContain(">   Getting the image");
  expect(stderr).toContain("=   Making keys (unchanged)");
});

test("plain: a run with nothing to do is one line; a step that takes a while is told before it ends", async () => {
  const steps = ["a", "b"].map((id) => ({ id, title: `Step ${id}` }));
  const idle: readonly PipelineEvent[] = [
    { type: "run-started", at, command: "start", profile: "p", steps },
    ...steps.flatMap((step): PipelineEvent[] => [
      { type: "step-started", at: at + 100, ...step },
      { type: "step-finished", at: at + 200, id: step.id, outcome: "unchanged", durationMs: 100 },
    ]),
    { type: "run-finished", at: at + 300, durationMs: 300, outcome: "done" },
  ];
  const { stderr } = await show("text", { isTTY: false }, idle);
  expect(stderr).toBe("[   0.3s] =   2 steps had nothing to do\n");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { stream, text } = collector();
    const view = plainView(stream, { verbose: false });
    view.emit(idle[0]!);
    view.emit(idle[1]!);
    vi.advanceTimersByTime(999);
    expect(text()).toBe("");
    vi.advanceTimersByTime(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(text()).toBe("[   1.1s] >   Step a\n");
  } finally {
    vi.useRealTimers();
  }
});

test("a step that waited and changed nothing is listed with its time, and not counted among those that had nothing to do", async () => {
  const wait = { id: "ready", title: "Waiting for the cluster" };
  const waited: readonly PipelineEvent[] = [
    { type: "run-started", at, command: "start", profile: "p", steps: [wait] },
    { type: "step-started", at, ...wait },
    { type: "step-finished", at: at + 3800, id: "ready", outcome: "unchanged", durationMs: 3800 },
    { type: "run-finished", at: at + 3800, durationMs: 3800, outcome: "done" },
  ];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { stream, text } = collector();
    const view = plainView(stream, { verbose: false });
    waited.slice(0, 2).forEach((event) => view.emit(event));
    vi.advanceTimersByTime(3800);
    waited.slice(2).forEach((event) => view.emit(event));
    await new Promise((resolve) => setImmediate(resolve));
    expect(text()).toBe(
      "[   1.0s] >   Waiting for the cluster\n[   3.8s] =   Waiting for the cluster (3.8 s)\n",
    );
  } finally {
    vi.useRealTimers();
  }
  const { stderr } = await show("text", { isTTY: false }, waited, true);
  expect(stderr).toContain("=   Waiting for the cluster (3.8 s)\n");
});

test("json: CloudEvents 1.0, one a line, ids that rise and never repeat", async () => {
  const { stdout, stderr } = await show("json", { isTTY: true, columns: 80 });
  expect(stderr).toBe("");
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events)
    expect(event).toMatchObject({
      specversion: "1.0",
      source: "localkube",
      datacontenttype: "application/json",
    });
  expect(new Set(events.map((event) => event["id"])).size).toBe(events.length);
  expect(events[0]).toMatchObject({
    type: "dev.localkube.run.started",
    time: "2026-01-02T03:04:05.000Z",
    data: { command: "start", profile: "localkube" },
  });
  // The second progress came 100 ms after the first.
  expect(events.filter((event) => event["type"] === "dev.localkube.step.progress")).toHaveLength(4);
  expect(events.find((event) => event["type"] === "dev.localkube.step.failed")?.["data"]).toMatchObject({
    id: "machine",
    error: { id: "HOST_COMMAND_FAILED", exitCode: 70 },
  });
  expect(events.at(-1)).toMatchObject({ type: "dev.localkube.run.finished", data: { outcome: "failed" } });
});

test("a terminal gets a drawn list that ends with every begun step", async () => {
  const { stdout, stderr } = await show("text", { isTTY: true, columns: 80 });
  expect(stdout).toBe("");
  expect(stderr).toContain("\u001b[?25l");
  expect(stderr.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stderr.lastIndexOf("\u001b[?25l"));
  const lines = stripVTControlCharacters(stderr.slice(stderr.lastIndexOf("\u001b[?25l"))).split("\n");
  const last = (text: string) => lines.findLast((line) => line.includes(text)) ?? "";
  expect(last("Getting the image")).toMatch(/^✔ Getting the image 14\.0 s$/);
  expect(stripVTControlCharacters(stderr)).not.toContain("Making keys");
  expect(last("Creating the machine")).toMatch(/^✖ Creating the machine 999 ms$/);
  expect(last("Pushing files")).toMatch(/^✖ Pushing files stopped$/);
  expect(stderr).not.toContain("Never begun");
  expect(lines.findIndex((line) => line.includes("using emulation"))).toBeGreaterThan(0);
});

test("a run that is cut off leaves no drawing behind", async () => {
  const { stderr } = await show("text", { isTTY: true, columns: 80 }, run.slice(0, 5));
  expect(stripVTControlCharacters(stderr).trimEnd().split("\n").at(-1)).toBe(
    "✖ Getting the image rootfs.tar, 10.0 MB of 100 MB (10 %)",
  );
});

test.each([0, 19])("a terminal of %i columns gets plain lines", async (columns) => {
  expect((await show("text", { isTTY: true, columns })).stderr).toContain(
    "[  14.0s] ok  Getting the image (14.0 s)\n",
  );
});
