import { expect, test } from "vitest";
import { type HostFacts, parseHostFacts } from "../../../../drivers/ssh/inspect-host.ts";
import { judgeHost } from "../../../../drivers/ssh/judge-host.ts";

const now = { askedAt: 1000, answeredAt: 1001 };
const answer = `clock 1000
init systemd
hostname one
machineId 0123
memoryKiB 4000000
diskKiB 20000000
cgroup cgroup2fs
port 0016
address 10.0.0.5
routes [{"dst":"default","dev":"eth0"},{"dst":"10.0.0.0/24","dev":"eth0"}]
`;
const facts = (more = "", times = now): HostFacts => parseHostFacts(answer + more, times);
const judge = (of: HostFacts, takeOver = false) =>
  judgeHost(of, { host: "h", takeOver, avoid: ["10.96.0.0/12", "10.244.0.0/16"] });
const refusal = (of: HostFacts, takeOver = false) => {
  try {
    judge(of, takeOver);
  } catch (error) {
    const { id, message } = error as { id: string; message: string };
    return `${id}: ${message}`;
  }
  return "";
};

test("a sound host passes", () => {
  expect(refusal(facts())).toBe("");
  expect(facts("note id=abc\nnote name=two=2\n").note).toEqual(
    new Map([
      ["id", "abc"],
      ["name", "two=2"],
    ]),
  );
});

test.each([
  ["port 192B\n", "port 6443"],
  ["port 280A\n", "port 10250"],
  ["port 094B\n", "port 2379"],
  ["noModule overlay\n", "lacks overlay"],
  ["noController memory\n", "lack memory"],
])("%j is unsuitable", (more, words) => {
  expect(refusal(facts(more))).toMatch(/^SSH_HOST_UNSUITABLE/);
  expect(refusal(facts(more))).toContain(words);
});

test("too little memory or disk, no address, another init, a route in the way", () => {
  const sound = facts();
  expect(refusal({ ...sound, memoryMiB: 500 })).toContain("500 MiB");
  expect(refusal({ ...sound, diskFreeMiB: 100 })).toContain("/var/lib has 100 MiB");
  expect(refusal({ ...sound, address: "" })).toContain("IPv4");
  expect(refusal({ ...sound, init: "init" })).toContain("'init'");
  expect(refusal({ ...sound, routes: '[{"dst":"10.244.3.0/24","dev":"flannel.1"}]' })).toContain("flannel.1");
});

test.each([
  [31, "SSH_HOST_CLOCK: The clock of h is 31 s ahead of"],
  [30, ""],
  [-30, ""],
  [-32, "SSH_HOST_CLOCK: The clock of h is 32 s behind"],
])("a clock %i s ahead", (seconds, told) => {
  expect(refusal({ ...facts(), clockAheadSeconds: seconds })).toContain(told);
  if (told === "") expect(refusal({ ...facts(), clockAheadSeconds: seconds })).toBe("");
});

test("the clock's difference is what is certain: the answer came somewhere between asking and having it", () => {
  const at = (clock: number, askedAt: number, answeredAt: number) =>
    parseHostFacts(`clock ${clock}`, { askedAt, answeredAt }).clockAheadSeconds;
  expect(at(1000, 1000.9, 1002)).toBe(0);
  expect(at(1060, 1000, 1001)).toBe(59);
  expect(at(900, 1000, 1001)).toBe(-99);
});

test("what another cluster left is refused unless it may be taken over; a whole product always", () => {
  for (const more of ["path /etc/kubernetes\n", "unit kubelet.service\n", "chains yes\n"]) {
    expect(refusal(facts(more))).toMatch(/^SSH_HOST_FOREIGN/);
    expect(refusal(facts(`${more}port 192B\n`), true)).toBe("");
  }
  expect(refusal(facts("product k3s.service\n"), true)).toMatch(/^SSH_HOST_BUSY/);
});
