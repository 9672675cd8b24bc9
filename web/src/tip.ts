/** What the pointer on a map is told, beside it. */

import { h } from "./element";
import type { Pointed } from "./map";

const MARGIN = 8;
/** So near the upper edge, there is no room above the pointer. */
const ROOM = 80;

/** Tell the name of the area pointed at and what it has; the name alone while that is not known; nothing of no area. */
export function showTip(tip: HTMLElement, area: Pointed | null, told: string | null, ...more: Node[]): void {
  tip.hidden = !area?.name;
  if (!area) return;
  tip.replaceChildren(h("b", {}, area.name), told === null ? "" : h("span", {}, told), ...more);
  const most = (tip.offsetParent?.clientWidth ?? innerWidth) - tip.offsetWidth - MARGIN;
  tip.style.left = `${Math.max(Math.min(area.x - tip.offsetWidth / 2, most), MARGIN)}px`;
  tip.style.top = `${area.y > ROOM ? area.y - tip.offsetHeight - 14 : area.y + 18}px`;
}
