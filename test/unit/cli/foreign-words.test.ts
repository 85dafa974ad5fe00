import { expect, test } from "vitest";
import { foreignWords } from "../../../src/cli/foreign-words.ts";

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
