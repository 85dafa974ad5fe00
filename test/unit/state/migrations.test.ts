import { describe, expect, test } from "vitest";
import { recordSchema } from "../../../src/state/cluster-record.ts";
import { migrate, migrations, type Migration } from "../../../src/state/migrations.ts";

test("every schema from the oldest in the table to the present one has a migration", () => {
  const starts = Object.keys(migrations).map(Number);
  const oldest = Math.min(recordSchema, ...starts);
  const wanted = Array.from({ length: recordSchema - oldest }, (_, i) => oldest + i);
  expect(starts.sort((a, b) => a - b)).toEqual(wanted);
});

describe("migrate", () => {
  const table: Record<number, Migration> = {
    1: ({ memory, ...rest }) => ({ ...rest, memoryMiB: memory }),
    2: (record) => ({ ...record, phase: "stopped" }),
  };

  test("applies the steps in order and counts the schema up", () => {
    const old = { schema: 1, memory: 4096 };
    expect(migrate(old, 1, 3, table)).toEqual({ schema: 3, memoryMiB: 4096, phase: "stopped" });
    expect(old).toEqual({ schema: 1, memory: 4096 });
  });

  test("leaves the present schema alone", () => {
    const record = { schema: 3 };
    expect(migrate(record, 3, 3, table)).toBe(record);
  });

  test("names the schema for which there is no step", () => {
    expect(() => migrate({ schema: 0 }, 0, 3, table)).toThrow("schema 0");
  });
});
