import { describe, expect, test } from "vitest";
import {
  filesInFolder,
  parseAuthorities,
  parseInsecureRegistries,
  parseLogins,
  parseMirrors,
} from "../../../src/spec/parse/registries.ts";

test("mirrors are sorted by registry and asked in the order in which they were given", () => {
  expect(
    parseMirrors([
      "quay.io=https://q.example",
      "docker.io=https://b.example/",
      "docker.io=http://a.example:80/hub",
    ]),
  ).toEqual({
    "docker.io": ["https://b.example", "http://a.example/hub"],
    "quay.io": ["https://q.example"],
  });
  expect(parseMirrors({ "docker.io": "https://a.example" })).toEqual({ "docker.io": ["https://a.example"] });
  expect(parseMirrors([""])).toEqual({});
});

test("other names of Docker's registry mean the same, and capitals do not matter", () => {
  expect(parseInsecureRegistries(["index.docker.io", "registry-1.docker.io,Reg.Example"])).toEqual([
    "docker.io",
    "reg.example",
  ]);
});

describe.each([
  ["no registry", "/"],
  ["two dots", "a..example"],
  ["a path", "reg.example/team"],
  ["no dot and no port", "registry"],
  ["a port that there is not", "reg.example:65536"],
  ["half an address", "10.0.0:5000"],
  ["an underscore", "my_reg.example"],
])("a name with %s", (_what, name) => {
  test("is refused by every flag", () => {
    for (const parse of [
      () => parseInsecureRegistries([name]),
      () => parseMirrors([`${name}=https://m.example`]),
      () => parseAuthorities([`${name}=ca.pem`]),
      () => parseLogins([name]),
    ])
      expect(parse).toThrow(expect.objectContaining({ id: "REGISTRY_NAME_INVALID" }) as Error);
  });
});

test.each([
  ["mirror.example"],
  ["ftp://mirror.example"],
  ["https://alice:right-pw@mirror.example"],
  ["https://mirror.example?a=right-pw"],
  ["https://mirror.example/v2/hub"],
  [""],
])("the mirror %s is refused, and its address is not repeated with a password in it", (address) => {
  const parse = () => parseMirrors([`docker.io=${address}`]);
  expect(parse).toThrow(expect.objectContaining({ id: "REGISTRY_MIRROR_INVALID" }) as Error);
  expect(parse).not.toThrow(/right-pw/);
});

test("an entry without '=' is refused, with its password hidden", () => {
  expect(() => parseMirrors(["https://alice:right-pw@mirror.example"])).toThrow(
    /^--registry-mirror https:\/\/\*\*\*@mirror\.example: '=' is missing$/,
  );
  expect(() => parseAuthorities(["reg.example"])).toThrow(/'=' is missing/);
  expect(() => parseAuthorities(["reg.example="])).toThrow(/the file is missing/);
});

test("files are relative to the folder, and the user's own login has none", () => {
  const wish = ["reg.example=ca.pem", "other.example=/abs.pem", "own.example", "none.example="];
  expect(filesInFolder(wish, "/project")).toEqual([
    "reg.example=/project/ca.pem",
    "other.example=/abs.pem",
    "own.example",
    "none.example=",
  ]);
  expect(filesInFolder({ "reg.example": "login.json", "own.example": "" }, "/project")).toEqual({
    "reg.example": "/project/login.json",
    "own.example": "",
  });
  expect(parseLogins(["own.example", "reg.example=/login.json"])).toEqual({
    "own.example": "",
    "reg.example": "/login.json",
  });
});
