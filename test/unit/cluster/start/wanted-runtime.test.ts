import { expect, test } from "vitest";
import {
  changedRuntime,
  namedRuntime,
  refuseOwnSocket,
  wantedRuntime,
} from "../../../../src/cluster/start/wanted-runtime.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";
import { recordOfThree } from "../several-nodes.ts";

const criSocket = "unix:///run/my.sock";
const record = (runtime: string, formerRuntimes?: readonly string[]) => ({
  ...recordOfThree(),
  runtime,
  ...(formerRuntimes && { formerRuntimes }),
});

test("a new cluster gets the default runtime, the named one, or the server at the socket", () => {
  expect(namedRuntime(sampleSpec())).toBe("containerd");
  expect(namedRuntime(sampleSpec({ runtime: "cri-dockerd" }))).toBe("docker");
  expect(namedRuntime(sampleSpec({ criSocket }))).toBe(criSocket);
  expect(namedRuntime(sampleSpec({ criSocket, imageSocket: "unix:///run/other.sock" }))).toBe(
    `${criSocket} unix:///run/other.sock`,
  );
});

test("'cri' leaves an existing cluster with what it has, unless that was a socket that is no longer wanted", () => {
  expect(wantedRuntime(sampleSpec(), record("docker"))).toBe("docker");
  expect(wantedRuntime(sampleSpec(), record(criSocket))).toBe("containerd");
  expect(wantedRuntime(sampleSpec({ criSocket }), record("docker"))).toBe(criSocket);
  expect(wantedRuntime(sampleSpec({ runtime: "docker" }), record(criSocket))).toBe("docker");
});

test("what a cluster had before stays on record until it is taken out, and not what it goes back to", () => {
  expect(changedRuntime(record("docker"), criSocket)).toEqual({
    runtime: criSocket,
    formerRuntimes: ["docker"],
  });
  expect(changedRuntime(record(criSocket, ["docker"]), "docker")).toEqual({
    runtime: "docker",
    formerRuntimes: [criSocket],
  });
  expect(changedRuntime(record("docker"), "docker")).toEqual({ runtime: "docker" });
});

test.each(["unix:///run/containerd/containerd.sock", "unix:///var/run/containerd/containerd.sock"])(
  "the socket %s of a runtime that the change would take out is refused",
  (own) => {
    const spec = sampleSpec({ criSocket: own });
    for (const existing of [record("containerd"), record("docker", ["containerd"])])
      expect(() => refuseOwnSocket(spec, existing)).toThrow(
        expect.objectContaining({ id: "CRI_SOCKET_OWN" }) as Error,
      );
    expect(() => refuseOwnSocket(spec, record("docker"))).not.toThrow();
    expect(() => refuseOwnSocket(sampleSpec({ criSocket }), record("containerd"))).not.toThrow();
  },
);
