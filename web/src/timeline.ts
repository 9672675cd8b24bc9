/** The period slider: plays, and colours the map as fast as it is moved. */

import type { Lang } from "./api";
import { h, s } from "./element";
import { text } from "./texts";

const STEP_MS = 900;

export interface Timeline {
  draw(periods: string[], period: string, label: (period: string) => string, lang: Lang): void;
}

function sign(path: string): SVGElement {
  return s("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, s("path", { d: path, fill: "currentColor" }));
}

/** Make the slider. `moved` is told each period passed, `settled` the one it stays at. */
export function timeline(target: HTMLElement, moved: (period: string) => void, settled: (period: string) => void): Timeline {
  let told: { periods: string[]; label: (period: string) => string; lang: Lang } = { periods: [], label: String, lang: "ja" };
  let playing: ReturnType<typeof setInterval> | undefined;
  const range = h("input", { type: "range", min: 0, step: 1, id: "period" });
  const output = h("output", { for: "period" });
  const button = h("button", { type: "button", class: "round" });
  const ends = [h("span", {}), h("span", {})] as const;

  const at = () => told.periods[Number(range.value)] ?? "";
  const tell = () => {
    output.value = told.label(at());
    range.setAttribute("aria-valuetext", output.value);
  };
  const press = () => {
    button.setAttribute("aria-label", text(playing ? "pause" : "play", told.lang));
    button.replaceChildren(sign(playing ? "M3 1h3v12H3zM8 1h3v12H8z" : "M3 1l10 6-10 6z"));
  };
  const stop = () => {
    clearInterval(playing);
    playing = undefined;
    press();
  };
  // of the positions passed between two frames only the newest is shown
  let frame = 0;
  const move = () => {
    tell();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => moved(at()));
  };
  const rest = () => {
    cancelAnimationFrame(frame);
    settled(at());
  };
  range.addEventListener("input", () => {
    stop();
    move();
  });
  range.addEventListener("change", rest);
  button.addEventListener("click", () => {
    if (playing) {
      stop();
      rest();
      return;
    }
    if (Number(range.value) === told.periods.length - 1) range.value = "0";
    move();
    playing = setInterval(() => {
      range.value = String(Number(range.value) + 1);
      move();
      if (Number(range.value) < told.periods.length - 1) return;
      stop();
      rest();
    }, STEP_MS);
    press();
  });
  target.replaceChildren(button, ends[0], range, ends[1], output);

  return {
    draw(periods, period, label, lang) {
      if (playing) return; // it is telling the period itself
      told = { periods, label, lang };
      range.max = String(Math.max(periods.length - 1, 0));
      range.value = String(periods.indexOf(period));
      range.disabled = button.disabled = periods.length < 2;
      target.classList.toggle("single", periods.length < 2);
      range.setAttribute("aria-label", text("period", lang));
      ends[0].textContent = periods[0] ?? "";
      ends[1].textContent = periods.at(-1) ?? "";
      tell();
      press();
    },
  };
}
