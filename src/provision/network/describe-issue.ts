import * as v from "valibot";

/** What a schema found wrong, as half a sentence that names the place: "plugins.0.type is missing". */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue);
  if (place === null) return "it is not an object";
  if (issue.received === "undefined") return `${place} is missing`;
  if (issue.type === "regex") return `${place} cannot be ${issue.received}`;
  return `${place}: ${issue.message.replace(/^Invalid \w+: /, "").toLowerCase()}`;
}
