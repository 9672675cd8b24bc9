/** The row of views: one Tab stop with the arrow keys within it, so that the map is near by keyboard too. */

import type { Go } from "./chooser";
import { h } from "./element";
import { text, textOf } from "./texts";
import { STAGES, type StageName, searchOf, type View } from "./view";

/** Maps, then figures, then the strategy: a gap tells them apart. */
const BEGINS = new Set<StageName>(["ranking", "kpi"]);

/** Move the focus along a row of tabs. */
function along(event: KeyboardEvent): void {
  const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=tab]")];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  const wanted = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1, " ": at }[event.key];
  if (at < 0 || wanted === undefined) return;
  event.preventDefault();
  if (event.key === " ") return tabs[at]?.click();
  tabs[wanted % tabs.length]?.focus();
}

/** Draw the row of views, the one that is shown marked and in sight. */
export function drawStages(target: HTMLElement, view: View, go: Go): void {
  const held = target.contains(document.activeElement);
  const tabs = STAGES.map((name) =>
    h(
      "a",
      {
        role: "tab",
        href: searchOf({ ...view, stage: name }),
        "aria-selected": String(name === view.stage),
        "aria-controls": "stage",
        tabindex: name === view.stage ? 0 : -1,
        class: BEGINS.has(name) ? "begins" : null,
        "data-stage": name,
        onclick: (event: MouseEvent) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ stage: name });
        },
      },
      textOf("stage_", name, view.lang),
    ),
  );
  const row = h("div", { role: "tablist", class: "tabs", "aria-label": text("stages", view.lang), onkeydown: along }, ...tabs);
  target.replaceChildren(row);
  const current = row.querySelector<HTMLElement>("[aria-selected=true]");
  if (held) current?.focus();
  if (current) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2; // on phones the row is wider than the page
}
