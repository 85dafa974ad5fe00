import { useState } from "preact/hooks";
import type { EventRow } from "../rows.ts";
import { Age, Badge, type Column, Nothing, Table } from "./parts.tsx";

const columns: readonly Column[] = [
  { title: "What", wide: true },
  { title: "About", wide: true },
  { title: "Message" },
  { title: "Times", number: true, wide: true },
  { title: "Ago", number: true },
];
const mostShown = 200;

interface Props {
  readonly events: ReadonlyMap<string, EventRow>;
  readonly now: number;
}

export function Events({ events, now }: Props) {
  const [isWarningsOnly, setWarningsOnly] = useState(false);
  const chosen = [...events].filter(([, { warning }]) => warning || !isWarningsOnly);
  const shown = chosen.sort(([, a], [, b]) => b.at - a.at).slice(0, mostShown);
  return (
    <>
      <div class="tools">
        <label class="check">
          <input
            type="checkbox"
            checked={isWarningsOnly}
            onChange={(event) => setWarningsOnly(event.currentTarget.checked)}
          />
          Only warnings
        </label>
        {chosen.length > shown.length ? (
          <p>
            The newest {shown.length} of {chosen.length}
          </p>
        ) : null}
      </div>
      {shown.length === 0 ? (
        <Nothing>{isWarningsOnly ? "There are no warnings." : "There are no events."}</Nothing>
      ) : (
        <Table caption="Events of the last hour, the newest first" columns={columns}>
          {shown.map(([id, event]) => (
            <Row key={id} event={event} now={now} />
          ))}
        </Table>
      )}
    </>
  );
}

function Row({ event, now }: { readonly event: EventRow; readonly now: number }) {
  const reason = <Badge tone={event.warning ? "bad" : "done"}>{event.reason}</Badge>;
  return (
    <tr>
      <td class="wide">{reason}</td>
      <td class="wide about">{event.about}</td>
      <td class="message">
        <span class="narrow sub">
          {reason} {event.about}
        </span>
        {event.text}
      </td>
      <td class="number wide">{event.count}</td>
      <td class="number">
        <Age at={event.at} now={now} />
      </td>
    </tr>
  );
}
