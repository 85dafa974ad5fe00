import { expect, test } from "vitest";
import { foreignWords, requestedOutput, resolveCommand } from "../../../src/cli/command-line.ts";

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
])("'%s' runs %s", (line, id, argv) => {
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
])("'%s' asks for help on %j", (line, words) => {
  expect(resolve(line)).toEqual({ kind: "help", words });
});

test.each([
  ["strat", ["strat"]],
  ["config sett cpus 4", ["config", "sett", "cpus", "4"]],
  ["--nope", ["--nope"]],
])("'%s' is unknown", (line, words) => {
  expect(resolve(line)).toEqual({ kind: "unknown", words });
});

test.each([
  ["get pods -o wide", "-- get pods -o wide"],
  ["-p two get pods -p", "-p two -- get pods -p"],
  ["--profile=two --verbose get", "--profile=two --verbose -- get"],
  ["-p two -- get -p x", "-p two -- get -p x"],
  ["-- ls --", "-- ls --"],
  ["-n kube-system get pods", "-- -n kube-system get pods"],
  ["-p two -n kube-system get pods", "-p two -- -n kube-system get pods"],
  ["--namespace=x get pods", "-- --namespace=x get pods"],
  ["-ptwo -A get pods", "-ptwo -- -A get pods"],
  ["-v=6 get pods", "-- -v=6 get pods"],
  ["--help", "--help"],
  ["-p two", "-p two"],
  ["", ""],
])("%s → %s", (typed, understood) => {
  const words = (text: string) => text.split(" ").filter(Boolean);
  expect(foreignWords(words(typed))).toEqual(words(understood));
});

test.each([
  ["--node w1 ls -l", "--node w1 -- ls -l"],
  ["-p two --node=w1 ls --node x", "-p two --node=w1 -- ls --node x"],
  ["--node w1 -- ls", "--node w1 -- ls"],
  ["--node w1", "--node w1"],
  ["--nodes w1", "-- --nodes w1"],
])("with a flag of the command: %s → %s", (typed, understood) => {
  expect(foreignWords(typed.split(" "), ["--node"])).toEqual(understood.split(" "));
  expect(foreignWords(["--node", "w1"])).toEqual(["--", "--node", "w1"]);
});

test.each([
  [["start", "--output", "json"], "json"],
  [["start", "--output=json"], "json"],
  [["start", "-o", "json"], "json"],
  [["start", "-ojson"], "json"],
  [["-o=json", "start"], "json"],
  [["start"], "text"],
  [["start", "--output", "yaml"], "text"],
  [["ssh", "--", "kubectl", "--output", "json"], "text"],
])("%j is %s", (argv, form) => expect(requestedOutput(argv, {})).toBe(form));

test("the variable counts when no flag is there", () => {
  expect(requestedOutput(["x"], { LOCALKUBE_OUTPUT: "json" })).toBe("json");
  expect(requestedOutput(["x", "-o", "text"], { LOCALKUBE_OUTPUT: "json" })).toBe("text");
});
