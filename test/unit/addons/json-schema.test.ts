import { expect, test } from "vitest";
import { addonJsonSchema } from "../../../src/addons/json-schema.ts";
import { parseAddon } from "../../../src/addons/definition.ts";

test("the schema for editors says what localkube checks", () => {
  const schema = addonJsonSchema();
  expect(schema).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    additionalProperties: false,
    properties: {
      name: { type: "string", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" },
      memoryMiB: { type: "integer", minimum: 0 },
      homepage: { type: "string", format: "uri" },
      needs: { type: "array", default: [] },
      versions: {
        type: "array",
        minItems: 1,
        items: { properties: { artifacts: { enum: ["upstream", "debian"] } }, additionalProperties: false },
      },
      probe: { oneOf: expect.arrayContaining([expect.objectContaining({ type: "object" })]) as unknown },
    },
  });
});

test("what it requires is what localkube misses", () => {
  const { required } = addonJsonSchema() as { required: readonly string[] };
  const whole: Record<string, unknown> = {
    ...{ name: "x", summary: "x", licence: "x", homepage: "https://x.example", namespace: "x", memoryMiB: 1 },
    versions: [{ kubernetes: ">=1.20", artifacts: "debian", version: "1" }],
    probe: { type: "api", path: "/" },
  };
  expect([...required].sort()).toEqual(Object.keys(whole).sort());
  for (const key of required) {
    const less = Object.fromEntries(Object.entries(whole).filter(([one]) => one !== key));
    expect(() => parseAddon(less, { folder: "x", name: "x" })).toThrow(key);
  }
});
