import * as v from "valibot";
import { waitTargets } from "../contract/cluster-spec.ts";
import { field, number, quantity, texts, yesOrNo, type FieldTable } from "./field.ts";
import { parseWait } from "./parse/lists.ts";
import { parseSwitch, parseWaitTimeout } from "./parse/quantities.ts";

/** The rows of `specFields` about this computer: how long a start waits, and what becomes of the kubeconfig. */
export const clientFields = {
  /** Empty = wait for nothing. */
  wait: field({
    flag: {
      name: "wait",
      kind: "words",
      group: "WAITING",
      help: "What to wait for: {choices}; all or none",
    },
    choices: () => [...waitTargets, { name: "all", listed: false }, { name: "none", listed: false }],
    file: { wait: texts },
    stored: { wait: v.array(v.picklist(waitTargets)) },
    default: () => waitTargets,
    parse: parseWait,
    change: "client",
  }),
  waitTimeout: field({
    flag: {
      name: "wait-timeout",
      group: "WAITING",
      value: "TIME",
      help: "How long to wait, for example 6m",
    },
    file: { waitTimeout: quantity, waitTimeoutSeconds: number },
    stored: { waitTimeoutSeconds: v.pipe(number, v.minValue(1)) },
    default: () => 360,
    parse: parseWaitTimeout,
    change: "client",
  }),
  keepContext: field({
    flag: {
      name: "keep-context",
      kind: "switch",
      group: "KUBECONFIG",
      help: "Leave kubectl's current context as it is",
    },
    file: { keepContext: yesOrNo },
    stored: { keepContext: yesOrNo },
    default: () => false,
    parse: parseSwitch("keep-context"),
    change: "client",
  }),
  embedCerts: field({
    flag: {
      name: "embed-certs",
      kind: "switch",
      group: "KUBECONFIG",
      help: "Put certificates into the kubeconfig instead of their paths",
    },
    file: { embedCerts: yesOrNo },
    stored: { embedCerts: yesOrNo },
    default: () => false,
    parse: parseSwitch("embed-certs"),
    change: "client",
  }),
} as const satisfies FieldTable;
