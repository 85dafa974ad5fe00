import { expect, test } from "vitest";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { SpecLayer } from "../../../src/spec/fields.ts";
import { resolveSpec, type SpecSources } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const surroundings = surroundingsOf({ runtimes: ["containerd", "docker"], ociRuntimes: ["crun"] });
const spec = (flags: SpecLayer, more: SpecSources = {}) => resolveSpec({ ...more, flags }, surroundings);
const problemOf = (flags: SpecLayer, more: SpecSources = {}): LocalkubeError => {
  try {
    spec(flags, more);
  } catch (error) {
    return error as LocalkubeError;
  }
  throw new Error("it was accepted");
};
const socket = "unix:///run/my.sock";

test.each([
  ["/run/my.sock", socket],
  [socket, socket],
  ["", ""],
])("--cri-socket '%s' is %s", (criSocket, expected) => {
  expect(spec({ criSocket }).criSocket).toBe(expected);
});

test.each([
  ["tcp://127.0.0.1:2375", "only unix sockets are possible"],
  ["npipe:////./pipe/x", "only unix sockets are possible"],
  ["run/my.sock", "it has no absolute path"],
  ["unix://run/my.sock", "it has no absolute path"],
  ["/run/", "it has no absolute path"],
  ["/run/my sock", "its path has spaces, quotes, or characters beyond ASCII"],
  ["/run/m\u00fc.sock", "its path has spaces, quotes, or characters beyond ASCII"],
  [`/run/${"a".repeat(103)}`, "its path is longer than 107 characters"],
])("'%s' is no socket: %s", (value, problem) => {
  expect(problemOf({ criSocket: value })).toMatchObject({
    id: "CRI_SOCKET_INVALID",
    params: { flag: "cri-socket", value, problem },
  });
  expect(problemOf({ criSocket: socket, imageSocket: value })).toMatchObject({
    id: "CRI_SOCKET_INVALID",
    params: { flag: "image-socket" },
  });
});

test.each<[SpecLayer, string]>([
  [{ runtime: "docker" }, "CRI_SOCKET_NOT_FOR_RUNTIME"],
  [{ ociRuntimes: ["crun"] }, "CRI_SOCKET_NOT_CONFIGURED"],
  [{ registryMirrors: ["docker.io=https://mirror.example"] }, "CRI_SOCKET_NOT_CONFIGURED"],
  [{ insecureRegistries: "10.0.0.5:5000" }, "CRI_SOCKET_NOT_CONFIGURED"],
  [{ registryAuthorities: ["reg.example=/ca.pem"] }, "CRI_SOCKET_NOT_CONFIGURED"],
])("what localkube cannot tell a server that is there already is refused: %j", (flags, id) => {
  expect(problemOf({ ...flags, criSocket: socket }).id).toBe(id);
});

test("logins are the kubelet's, and go with it", () => {
  expect(spec({ criSocket: socket, registryLogins: ["reg.example"] }).registries.logins).toEqual({
    "reg.example": "",
  });
});

test("a socket for images needs one for pods, and goes with it", () => {
  expect(problemOf({ imageSocket: "/run/other.sock" }).id).toBe("CRI_SOCKET_MISSING");
  const existing = spec({ criSocket: socket, imageSocket: "/run/other.sock" });
  expect(spec({}, { existing })).toEqual(existing);
  expect(spec({ criSocket: "" }, { existing })).toMatchObject({ criSocket: "", imageSocket: "" });
  // Also where both are settings of the user.
  const settings = { criSocket: socket, imageSocket: "/run/other.sock" };
  expect(spec({}, { settings })).toMatchObject({ imageSocket: "unix:///run/other.sock" });
  expect(spec({ runtime: "docker" }, { settings })).toMatchObject({ criSocket: "", imageSocket: "" });
});

test("a runtime of ours that is asked for takes the place of the socket of a cluster that exists", () => {
  const existing = spec({ criSocket: socket });
  expect(spec({ runtime: "docker" }, { existing })).toMatchObject({ runtime: "docker", criSocket: "" });
  expect(spec({ runtime: "cri" }, { existing })).toMatchObject({ runtime: "cri", criSocket: socket });
  expect(problemOf({ criSocket: socket }, { existing: spec({ runtime: "docker" }) })).toMatchObject({
    id: "CRI_SOCKET_NOT_FOR_RUNTIME",
    fix: `Use --runtime cri --cri-socket ${socket}, or leave out --cri-socket`,
  });
});
