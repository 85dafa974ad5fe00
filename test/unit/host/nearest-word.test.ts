import { expect, test } from "vitest";
import { didYouMean, nearestWord } from "../../../src/host/nearest-word.ts";

const components = ["kubelet", "apiserver", "controller-manager", "scheduler", "proxy", "etcd"];

test.each([
  ["kublet", "kubelet"],
  ["kubeelt", "kubelet"],
  ["APISERVER", "apiserver"],
  ["controler-manager", "controller-manager"],
  ["etc", "etcd"],
  ["docker", undefined],
  ["", undefined],
])("near '%s' is %s", (word, expected) => {
  expect(nearestWord(word, components)).toBe(expected);
});

test("the hint is a tail for a message, or nothing", () => {
  expect(didYouMean("kublet", components)).toBe("; did you mean 'kubelet'?");
  expect(didYouMean("zzz", components)).toBe("");
});
