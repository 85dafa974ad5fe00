import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./live.ts";
import { Store } from "./store.ts";

let drawn = false;
const store: Store = new Store(() => {
  // Once for all that comes before the next frame.
  if (drawn) return;
  drawn = true;
  setTimeout(draw, 0);
});

function draw(): void {
  drawn = false;
  render(<App store={store} now={Date.now()} hash={location.hash} />, document.body);
}

addEventListener("hashchange", draw);
// Ages, and the bars of a start that goes on.
setInterval(draw, 1000);
draw();
follow(store);
