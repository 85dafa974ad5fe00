import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PodRow } from "../rows.ts";
import { followLog } from "./live.ts";
import { Badge } from "./parts.tsx";

/** Older lines are dropped. */
const mostLines = 1000;
/** How near to the end somebody still reads the newest line, in pixels. */
const nearEnd = 40;

interface Props {
  readonly cluster: string;
  /** Undefined once it is gone. */
  readonly pod: PodRow | undefined;
  readonly onClose: () => void;
}

/** The last lines of a pod's containers and those that come; over the page until it is closed. */
export function PodLog({ cluster, pod, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [last, setLast] = useState(pod);
  if (pod && pod !== last) setLast(pod);
  const shown = pod ?? last;
  const [container, setContainer] = useState(shown?.containers[0] ?? "");
  useEffect(() => dialog.current?.showModal(), []);
  if (!shown) return null;
  return (
    <dialog ref={dialog} class="log" aria-labelledby="log-title" onClose={onClose}>
      <header>
        <div>
          <h2 id="log-title">{shown.name}</h2>
          <p class="sub">
            {shown.namespace} <Badge tone={pod ? shown.tone : "done"}>{pod ? shown.state : "Gone"}</Badge>
          </p>
        </div>
        {shown.containers.length < 2 ? null : (
          <label>
            <span class="hidden">Container</span>
            <select value={container} onChange={(event) => setContainer(event.currentTarget.value)}>
              {shown.containers.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <Lines key={container} place={{ cluster, namespace: shown.namespace, pod: shown.name, container }} />
    </dialog>
  );
}

function Lines({ place }: { readonly place: Parameters<typeof followLog>[0] }) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [note, setNote] = useState("");
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(
    () =>
      followLog(place, {
        line: (text) => setLines((before) => [...before, text].slice(-mostLines)),
        note: setNote,
      }),
    [],
  );
  useLayoutEffect(() => {
    const element = box.current;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  return (
    <>
      <pre
        ref={box}
        role="log"
        aria-label="Log lines"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
        }}
      >
        {lines.join("\n")}
      </pre>
      <p class="note" role="status">
        {note === "" && lines.length === 0 ? "No line yet." : note}
      </p>
    </>
  );
}
