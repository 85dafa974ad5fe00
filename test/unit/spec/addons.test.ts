import { describe, expect, test } from "vitest";
import { leavesDefaults, mergeAddons, parseAddons } from "../../../src/spec/parse/addons.ts";
import { resolveSpec } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const at = { addons: ["ingress", "metrics", "storage"] };
const merge = (wishes: Partial<Parameters<typeof mergeAddons>[0]>) =>
  mergeAddons({ flags: undefined, file: undefined, existing: undefined, settings: undefined, ...wishes }, at);

describe("addons of a cluster", () => {
  test.each([
    [["storage", "metrics"], { metrics: {}, storage: {} }],
    ["storage, metrics", { metrics: {}, storage: {} }],
    [
      { ingress: { hostPort: 8080, tls: true }, metrics: null },
      { ingress: { hostPort: "8080", tls: "true" }, metrics: {} },
    ],
    [[""], {}],
    ["none", {}],
    [["none"], {}],
  ])("%j", (wish, expected) => {
    expect(parseAddons(wish, at)).toEqual(expected);
  });

  test("a mistyped name is refused with the one that was meant", () => {
    expect(() => parseAddons(["metrix"], at)).toThrow(/no addon 'metrix'; did you mean 'metrics'/);
  });

  test("a flag adds to what the cluster has, which keeps its options; an empty one leaves none", () => {
    const existing = { ingress: { hostPort: "8080" } };
    expect(merge({ existing, flags: ["metrics", "ingress"] })).toEqual({ ...existing, metrics: {} });
    expect(merge({ existing, flags: [""] })).toEqual({});
    expect(merge({ existing, flags: ["none"] })).toEqual({});
    expect(() => merge({ existing, flags: ["none", "metrics"] })).toThrow(/no addon 'none'/);
    expect(merge({ settings: "storage", flags: ["metrics"] })).toEqual({ metrics: {}, storage: {} });
    expect(merge({ settings: "storage", existing })).toEqual(existing);
  });

  test("a file is the whole list", () => {
    expect(merge({ existing: { storage: {} }, file: ["metrics"] })).toEqual({ metrics: {} });
  });

  test("an addon of the user's own that the cluster has may be named again", () => {
    const existing = { mine: { a: "1" } };
    expect(merge({ existing, flags: ["mine", "metrics"] })).toEqual({ ...existing, metrics: {} });
    expect(() => merge({ flags: ["mine"] })).toThrow(/no addon 'mine'/);
  });

  test("default addons are left to localkube where nobody named them all", () => {
    const leaves = (wishes: Partial<Parameters<typeof leavesDefaults>[0]>) =>
      leavesDefaults({ flags: undefined, file: undefined, settings: undefined, ...wishes });
    expect([leaves({}), leaves({ flags: ["metrics"] }), leaves({ flags: "metrics" })]).toEqual([
      true,
      true,
      true,
    ]);
    expect([leaves({ flags: ["none"] }), leaves({ flags: [""] }), leaves({ flags: "none" })]).toEqual([
      false,
      false,
      false,
    ]);
    expect([leaves({ file: [] }), leaves({ settings: ["metrics"] })]).toEqual([false, false]);
  });

  test("nothing said is no addon", () => {
    expect(resolveSpec({}, surroundingsOf()).addons).toEqual({});
  });
});
