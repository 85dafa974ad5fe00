import { expect, test } from "vitest";
import { fingerprint } from "../../../../drivers/ssh/host-access.ts";
import { knownHostsKeys } from "../../../../drivers/ssh/known-hosts.ts";
import { readOptions } from "../../../../drivers/ssh/read-options.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDUBDfeRSmolk8xQFYH6vQB//YJ5zl7INHDPloAYFvWZ";
const read = (options: Record<string, string>) => readOptions({ "ssh-host": "h.example", ...options });

test("a host alone is root's at port 22", () => {
  expect(read({})).toEqual({ target: { host: "h.example", port: 22, user: "root" }, takeOver: false });
});

test.each([
  ["bastion", { host: "bastion", port: 22, user: "me" }],
  ["hop@bastion.example:2222", { host: "bastion.example", port: 2222, user: "hop" }],
  ["hop@[fd00::1]:2222", { host: "fd00::1", port: 2222, user: "hop" }],
  ["fd00::1", { host: "fd00::1", port: 22, user: "me" }],
])("the jump host %s", (value, place) => {
  expect(read({ "ssh-user": "me", "ssh-jump": value }).jump).toEqual(place);
});

test.each([
  ["ssh-host", "-oProxyCommand=x"],
  ["ssh-host", "a b"],
  ["ssh-host", "a'b"],
  ["ssh-user", "-l"],
  ["ssh-user", "a;b"],
  ["ssh-port", "0"],
  ["ssh-port", "65536"],
  ["ssh-port", "22x"],
  ["ssh-jump", "hop@-x"],
  ["ssh-jump", "a@b@c"],
  ["ssh-jump", "b:99999"],
  ["ssh-host-key", "ssh-ed25519"],
  ["ssh-host-key", "ssh-dss AAAA"],
  ["ssh-key", "/keys/${USER}/id"],
  ["ssh-jump-key", "/keys/a\nb"],
])("%s '%s' is refused", (option, value) => {
  expect(() => read({ [option]: value })).toThrow(
    expect.objectContaining({ id: "SSH_OPTION_INVALID" }) as Error,
  );
});

test("without a host nothing goes", () => {
  expect(() => readOptions({})).toThrow(expect.objectContaining({ id: "SSH_HOST_MISSING" }) as Error);
});

test("a host key may have a comment", () => {
  expect(read({ "ssh-host-key": `${key} root@h` }).hostKey).toBe(key);
});

test("keys of a known_hosts search, without revoked ones, authorities and comments", () => {
  const output = [
    "# Host h found: line 1",
    `h ${key}`,
    `|1|abc=|def= ecdsa-sha2-nistp256 BBBB comment`,
    `@revoked h ssh-rsa CCCC`,
    `@cert-authority *.example ssh-rsa DDDD`,
  ].join("\n");
  expect(knownHostsKeys(output)).toEqual([key, "ecdsa-sha2-nistp256 BBBB"]);
});

test("a fingerprint is written as OpenSSH writes it", () => {
  expect(fingerprint(key)).toBe("SHA256:utvqY0vyE6EUAeRB9TYzSoFgWgB2GZJRmzAlqEz6r1A");
});
