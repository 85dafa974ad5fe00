import { expect, test } from "vitest";
import { restrictedPrivileges } from "../../../../drivers/container/privileges.ts";

test("an engine without CAP_SYS_RESOURCE is asked for every capability that it knows but that one", () => {
  const everyOf41 = (1n << 41n) - 1n;
  const { options, command, notice } = restrictedPrivileges(everyOf41 & ~(1n << 24n));
  const added = options.filter((_word, i) => options[i - 1] === "--cap-add");
  expect(added).toContain("SYS_ADMIN");
  expect(added).toContain("AUDIT_READ");
  expect(added).not.toContain("SYS_RESOURCE");
  // Docker 20.10 refuses the names of the three newest.
  expect(added).not.toContain("BPF");
  expect(added).toHaveLength(37);
  expect(options).not.toContain("--privileged");
  expect(options).toContain("seccomp=unconfined");
  expect(notice).toMatch(/cannot give CAP_SYS_RESOURCE:/);
  expect(command.at(-1)).toMatch(/exec \/sbin\/init$/);
});
