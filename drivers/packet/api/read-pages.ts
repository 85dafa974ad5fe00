import * as v from "valibot";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { ApiContext } from "./connection.ts";
import type { ApiRequest, Send } from "./open-sender.ts";
import { PacketError } from "../errors.ts";

/** The documented maximum; the default is 10. */
const perPage = 100;
/** Protects against a service that never reports a last page. */
const mostPages = 200;

const metaShape = v.object({
  meta: v.optional(
    v.nullable(
      v.object({
        next: v.optional(v.nullable(v.unknown())),
        current_page: v.optional(v.nullable(v.number())),
        last_page: v.optional(v.nullable(v.number())),
      }),
    ),
  ),
});

/**
 * All items of a list, page after page by number: `next.href` may point at another host, which must not get the token. A list that is not
 * `paged` according to the documentation is requested as a whole, and page by page only if its answer says that there are more pages. Rejects
 * like `send`, and with PACKET_SERVICE_FAILED for an answer in another format or a list that never ends.
 */
export async function readPages<S extends v.GenericSchema>(
  send: Send,
  request: Omit<ApiRequest, "method">,
  list: { readonly key: string; readonly item: S; readonly endpoint: string; readonly paged: boolean },
  c: ApiContext,
): Promise<readonly v.InferOutput<S>[]> {
  const items: v.InferOutput<S>[] = [];
  const broken = (said: string): LocalkubeError =>
    new PacketError("PACKET_SERVICE_FAILED", { endpoint: list.endpoint, action: request.action, said });
  for (let page = 1; page <= mostPages; page += 1) {
    const numbers = list.paged ? { page, per_page: perPage } : page > 1 ? { page } : {};
    const query = { ...request.query, ...numbers };
    const { json } = await send({ ...request, method: "GET", query }, c);
    const shape = v.intersect([v.object({ [list.key]: v.array(list.item) }), metaShape]);
    const read = v.safeParse(shape, json);
    if (!read.success)
      throw broken(`an answer of another form (${v.getDotPath(read.issues[0]) ?? "no object"})`);
    const output = read.output as Record<string, v.InferOutput<S>[]> & v.InferOutput<typeof metaShape>;
    items.push(...(output[list.key] ?? []));
    const { meta } = output;
    const { current_page: current, last_page: last } = meta ?? {};
    const more =
      typeof current === "number" && typeof last === "number" ? current < last : Boolean(meta?.next);
    if (!more) return items;
  }
  throw broken(`more than ${mostPages} pages`);
}
