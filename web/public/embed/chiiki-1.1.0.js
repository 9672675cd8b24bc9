/**
 * chiiki embeds 1.1.0: <chiiki-map layer="ageing-rate"></chiiki-map>, and frames that are as high as what they show.
 *
 * Attributes: kind (map, chart, ranking, profile, kpi, logic, roadmap), layer, level, period, vintage, scheme, k,
 * breaks, breaks_over, palette, area, areas, parent, bbox, limit, lang, theme (light, dark, auto), height. Events: chiiki-ready, and chiiki-select with
 * {code, name, value, period}. Method: select(code).
 */
(() => {
  "use strict";
  const VERSION = 1;
  const ORIGIN = new URL(document.currentScript.src).origin;
  const RUNS = Symbol.for(`chiiki ${ORIGIN}`);
  if (window[RUNS]) return; // every embed that is pasted brings its script
  window[RUNS] = true;
  const KINDS = ["map", "chart", "ranking", "profile", "kpi", "logic", "roadmap"];
  const PARAMETERS = ["layer", "level", "period", "vintage", "scheme", "k", "breaks", "breaks_over", "palette", "area", "areas", "parent", "bbox", "limit", "lang", "theme", "height"];

  /** The frame on this page that a message comes from, if it is one of ours. */
  const sender = (event) =>
    event.origin === ORIGIN && event.data && event.data.chiiki === VERSION
      ? [...document.querySelectorAll("iframe"), ...[...document.querySelectorAll("chiiki-map")].map((one) => one.frame)].find((frame) => frame && frame.contentWindow === event.source)
      : undefined;

  window.addEventListener("message", (event) => {
    const frame = sender(event);
    if (!frame) return;
    const { type, height, code, name, value, period } = event.data;
    if (type === "height" && Number.isFinite(height) && height > 0 && height < 20000) frame.style.height = `${Math.ceil(height)}px`;
    const host = frame.getRootNode().host ?? frame;
    if (type === "ready") host.dispatchEvent(new CustomEvent("chiiki-ready", { bubbles: true }));
    if (type === "selection") host.dispatchEvent(new CustomEvent("chiiki-select", { bubbles: true, detail: { code, name, value, period } }));
  });

  class ChiikiMap extends HTMLElement {
    static observedAttributes = ["kind", ...PARAMETERS];

    constructor() {
      super();
      this.frame = document.createElement("iframe");
      this.frame.style.cssText = "display:block;width:100%;height:480px;border:0";
      this.attachShadow({ mode: "open" }).append(this.frame);
    }

    connectedCallback() {
      this.style.display ||= "block";
      this.show();
    }

    attributeChangedCallback() {
      if (this.waiting || !this.isConnected) return;
      this.waiting = true;
      queueMicrotask(() => {
        this.waiting = false;
        this.show();
      });
    }

    /** Show what the attributes say. */
    show() {
      const kind = KINDS.includes(this.getAttribute("kind")) ? this.getAttribute("kind") : "map";
      const said = new URLSearchParams();
      for (const name of PARAMETERS) if (this.hasAttribute(name)) said.set(name, this.getAttribute(name));
      const address = `${ORIGIN}/embed/${kind}?${said}`;
      this.frame.title = this.getAttribute("title") || `chiiki: ${this.getAttribute("layer") || kind}`;
      if (this.frame.src !== address) this.frame.src = address;
    }

    /** Choose an area on the map by its code; none with "". */
    select(code) {
      this.frame.contentWindow?.postMessage({ chiiki: VERSION, type: "select", code: String(code) }, ORIGIN);
    }
  }
  if (!customElements.get("chiiki-map")) customElements.define("chiiki-map", ChiikiMap);
})();
