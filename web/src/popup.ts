/** What a map tells of a place that was clicked: a dialog beside it, which leaves the page as it is. */

import * as maplibre from "maplibre-gl";
import type { Lang } from "./api";
import { type Child, h } from "./element";
import "./popup.css";
import { text } from "./texts";

/** Pixels between a place and what is told of it, so that its mark stays in sight. */
const OFFSET = 12;

/** What is told: a title at once, the rest when it is there; in the language of the page. */
export interface Told {
  title(lang: Lang): Child[];
  body(lang: Lang): Promise<Child[]>;
}

export class Popup {
  private readonly popup = new maplibre.Popup({
    closeButton: false,
    closeOnClick: false,
    focusAfterOpen: false,
    maxWidth: "none",
    className: "place",
    offset: OFFSET,
  });
  private told: { told: Told; at: maplibre.LngLatLike; lang: Lang } | null = null;

  constructor(private readonly map: maplibre.Map) {
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      event.stopPropagation();
      this.leave();
    });
  }

  get isOpen(): boolean {
    return this.told !== null;
  }

  /** Tell of a place, and bring the reader there. */
  open(told: Told, at: maplibre.LngLatLike, lang: Lang): void {
    const body = h("div", { class: "body", "aria-busy": "true" });
    const title = h("h3", { id: "place-told" }, ...told.title(lang));
    const close = h("button", { type: "button", class: "close", "aria-label": text("close", lang), onclick: () => this.leave() }, "×");
    const dialog = h("section", { role: "dialog", "aria-labelledby": title.id, tabindex: -1, lang }, h("header", {}, title, close), body);
    const shown = { told, at, lang };
    this.told = shown;
    // no higher than the larger half of the map: so it has room above the place or below it
    dialog.style.setProperty("--room", `${this.map.getContainer().clientHeight / 2 - 2 * OFFSET}px`);
    this.popup.setLngLat(at).setDOMContent(dialog).addTo(this.map);
    dialog.focus({ preventScroll: true });
    const fill = (parts: Child[]) => {
      if (this.told !== shown) return;
      body.replaceWith(h("div", { class: "body" }, ...parts));
      this.popup.setLngLat(at); // it is larger now, and may have to stand elsewhere
    };
    told.body(lang).then(fill, () => fill([text("failed", lang)]));
  }

  /** Tell the same in the language that the page has now. */
  speak(lang: Lang): void {
    if (this.told && this.told.lang !== lang) this.open(this.told.told, this.told.at, lang);
  }

  close(): void {
    this.told = null;
    this.popup.remove();
  }

  /** Close it, and go back to the map. */
  private leave(): void {
    this.close();
    this.map.getCanvas().focus({ preventScroll: true });
  }
}
