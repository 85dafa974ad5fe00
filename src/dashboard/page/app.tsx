import { Addons } from "./addons.tsx";
import { Events } from "./events.tsx";
import { Nodes } from "./nodes.tsx";
import { Badge, clusterTone, Nothing } from "./parts.tsx";
import { Pods } from "./pods.tsx";
import { Start } from "./start.tsx";
import type { Store } from "./store.ts";

const views = ["pods", "nodes", "events", "addons", "start"] as const;
type View = (typeof views)[number];

const titles: Readonly<Record<View, string>> = {
  pods: "Pods",
  nodes: "Nodes",
  events: "Events",
  addons: "Addons",
  start: "Last start",
};

interface Props {
  readonly store: Store;
  readonly now: number;
  /** `#demo/pods` */
  readonly hash: string;
}

export function App({ store, now, hash }: Props) {
  const clusters = store.clusters();
  const [wanted = "", second] = hash.slice(1).split("/");
  const cluster = clusters.includes(wanted) ? wanted : clusters[0];
  const view = views.find((one) => one === second) ?? "pods";
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        To the content
      </a>
      <header class="top">
        <h1>localkube</h1>
        <Connection store={store} />
      </header>
      <nav class="clusters" aria-label="Clusters">
        <ul>
          {clusters.map((name) => (
            <li key={name}>
              <ClusterLink {...{ store, name, view }} isCurrent={name === cluster} />
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" tabIndex={-1}>
        {cluster === undefined ? <NoCluster store={store} /> : <Cluster {...{ store, cluster, view, now }} />}
      </main>
      <p class="hidden" role="status">
        {store.news}
      </p>
    </>
  );
}

/** The address says where one is, so a link to a place in the page must not change it. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Connection({ store: { live, write } }: { readonly store: Store }) {
  if (write === undefined) return <p class="connection">Connecting …</p>;
  return (
    <p class="connection">
      {write ? <Badge tone="busy">may switch addons</Badge> : <Badge tone="done">read-only</Badge>}{" "}
      {live ? <Badge tone="good">live</Badge> : <Badge tone="bad">localkube dashboard has ended</Badge>}
    </p>
  );
}

interface LinkProps {
  readonly store: Store;
  readonly name: string;
  readonly view: View;
  readonly isCurrent: boolean;
}

function ClusterLink({ store, name, view, isCurrent }: LinkProps) {
  const state = store.one(name, "cluster", name)?.state ?? "starting";
  return (
    <a href={`#${name}/${view}`} aria-current={isCurrent ? "page" : undefined}>
      <span class={`dot ${clusterTone(state)}`} aria-hidden="true" />
      <span class="name">{name}</span>
      <span class="sub">{state}</span>
    </a>
  );
}

function NoCluster({ store }: { readonly store: Store }) {
  if (store.write === undefined) return null;
  return (
    <Nothing>
      There are no clusters. Create one, and it appears here: <code>localkube start</code>
    </Nothing>
  );
}

interface ClusterProps {
  readonly store: Store;
  readonly cluster: string;
  readonly view: View;
  readonly now: number;
}

function Cluster({ store, cluster, view, now }: ClusterProps) {
  const row = store.one(cluster, "cluster", cluster);
  if (!row) return null;
  const facts = [
    row.kubernetesVersion,
    row.driver,
    row.runtime,
    row.artifacts && `${row.artifacts} artifacts`,
  ];
  return (
    <>
      <div class="head">
        <h2>
          {cluster} <Badge tone={clusterTone(row.state)}>{row.state}</Badge>
        </h2>
        <p class="sub">{facts.filter(Boolean).join(" · ")}</p>
        {row.problem === undefined ? null : <p class="why">{row.problem}</p>}
      </div>
      <nav class="views" aria-label={`Parts of ${cluster}`}>
        <ul>
          {views.map((one) => (
            <li key={one}>
              <a href={`#${cluster}/${one}`} aria-current={one === view ? "page" : undefined}>
                {titles[one]} <Count {...{ store, cluster, view: one }} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section aria-label={titles[view]} key={`${cluster} ${view}`}>
        <Shown {...{ store, cluster, view, now }} />
      </section>
    </>
  );
}

/** How many there are, and whether one of them is not well. */
function Count({ store, cluster, view }: Omit<ClusterProps, "now">) {
  const [count, bad] = countOf(store, cluster, view);
  if (count === undefined) return null;
  return (
    <span class={`count${bad > 0 ? " bad" : ""}`}>
      {count}
      {view === "events" ? <span class="hidden"> warnings</span> : null}
      {bad > 0 ? <span class="hidden">, {bad} not well</span> : null}
    </span>
  );
}

function countOf(store: Store, cluster: string, view: View): readonly [number | undefined, number] {
  const isBad = ({ tone }: { readonly tone: string }): boolean => tone === "bad";
  if (view === "pods" || view === "nodes") {
    const rows = [...store.rows(cluster, view === "pods" ? "pod" : "node").values()];
    return [rows.length, rows.filter(isBad).length];
  }
  if (view === "events")
    return [[...store.rows(cluster, "event").values()].filter((one) => one.warning).length, 0];
  if (view === "start") return [undefined, 0];
  const on = [...store.rows(cluster, "addon").values()].filter(({ state }) => state !== "disabled");
  return [on.length, on.filter(({ state }) => state === "degraded" || state === "drifted").length];
}

function Shown({ store, cluster, view, now }: ClusterProps) {
  switch (view) {
    case "pods":
      return <Pods cluster={cluster} pods={store.rows(cluster, "pod")} now={now} />;
    case "nodes":
      return <Nodes nodes={store.rows(cluster, "node")} now={now} />;
    case "events":
      return <Events events={store.rows(cluster, "event")} now={now} />;
    case "addons":
      return (
        <Addons
          cluster={cluster}
          addons={store.rows(cluster, "addon")}
          work={store.rows(cluster, "work")}
          write={store.write ?? false}
        />
      );
    case "start":
      return <Start start={store.one(cluster, "start", "last")} now={now} />;
  }
}
