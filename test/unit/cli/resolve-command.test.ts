import { expect, test } from "vitest";
import { resolveCommand } from "../../../src/cli/resolve-command.ts";

const ids = new Set(["start", "ssh", "config:get", "config:set", "kubectl"]);
const resolve = (line: string) => resolveCommand(line.split(" ").filter(Boolean), ids);

test.each([
  ["start", "start", []],
  ["start --cpus 2", "start", ["--cpus", "2"]],
  ["config set cpus 4", "config:set", ["cpus", "4"]],
  ["start extra", "start", ["extra"]],
  ["-p two start --cpus 2", "start", ["-p", "two", "--cpus", "2"]],
  ["--profile=two -o json --verbose ssh", "ssh", ["--profile=two", "-o", "json", "--verbose"]],
  ["ssh -- ls --help", "ssh", ["--", "ls", "--help"]],
  ["kubectl -- get pods -h", "kubectl", ["--", "get", "pods", "-h"]],
])("«%s» runs %s", (line, id, argv) => {
  expect(resolve(line)).toEqual({ kind: "command", id, argv });
});

test.each([
  ["", []],
  ["--help", []],
  ["-h", []],
  ["help", []],
  ["help config set", ["config", "set"]],
  ["config", ["config"]],
  ["config --help", ["config"]],
  ["config set --help", ["config", "set"]],
  ["config set cpus -h", ["config", "set"]],
  ["start --cpus 2 --help", ["start"]],
  ["-p two start --help", ["start"]],
])("«%s» asks for help on %j", (line, words) => {
  expect(resolve(line)).toEqual({ kind: "help", words });
});

test.each([
  ["strat", ["strat"]],
  ["config sett cpus 4", ["config", "sett", "cpus", "4"]],
  ["--nope", ["--nope"]],
])("«%s» is unknown", (line, words) => {
  expect(resolve(line)).toEqual({ kind: "unknown", words });
});
