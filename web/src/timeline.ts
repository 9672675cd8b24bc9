/** The period slider: plays, and colours the map as fast as it is moved. */

import type { Lang } from "./api";
import { h, s } from "./element";
import { text } from "./texts";

const STEP_MS = 900;

export interface Timeline {
  draw(periods: string[], period: string, label: (period: string) => string, lang: Lang): void;
  /** The period passed now; null while the slider rests. */
  passed(): string | null;
  /** Rest without settling anywhere: what is shown is of no use any more. */
  stop(): void;
}

function sign(path: string): SVGElement {
  return s("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, s("path", { d: path, fill: "currentColor" }));
}

export interface Manner {
  /** Of the slider itself. */
  id?: string;
  /** So many milliseconds a period is shown while it plays. */
  pace?: (period: string) => number;
}

/** Make the slider. `moved` is told each period passed, `settled` the one it stays at. */
export function timeline(
  target: HTMLElement,
  moved: (period: string) => void,
  settled: (period: string) => void,
  { id = "period", pace = () => STEP_MS }: Manner = {},
): Timeline {
  let told: { periods: string[]; label: (period: string) => string; lang: Lang } = { periods: [], label: String, lang: "ja" };
  let playing: ReturnType<typeof setTimeout> | undefined;
  let isMoving = false;
  let rested = "";
  const range = h("input", { type: "range", min: 0, step: 1, id });
  const output = h("output", { for: id });
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
  const pause = () => {
    clearTimeout(playing);
    playing = undefined;
    press();
  };
  // of the positions passed between two frames only the newest is shown
  let frame = 0;
  const move = () => {
    isMoving = true;
    tell();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => moved(at()));
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    pause();
    isMoving = false;
  };
  const rest = () => {
    stop();
    rested = at();
    settled(rested);
  };
  range.addEventListener("input", () => {
    pause();
    move();
  });
  range.addEventListener("change", () => (isMoving || at() !== rested) && rest());
  // not every browser calls it a change where the slider is let go at the place it was taken up
  const release = () => isMoving && !playing && rest();
  range.addEventListener("pointerdown", () => {
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release, { once: true });
  });
  button.addEventListener("click", () => {
    if (playing) return rest();
    if (Number(range.value) === told.periods.length - 1) range.value = "0";
    move();
    const step = () => {
      range.value = String(Number(range.value) + 1);
      move();
      if (Number(range.value) === told.periods.length - 1) rest();
      else playing = setTimeout(step, pace(at()));
    };
    playing = setTimeout(step, pace(at()));
    press();
  });
  target.replaceChildren(button, ends[0], range, ends[1], output);

  return {
    draw(periods, period, label, lang) {
      // moving it tells the period itself, as long as the periods are the same
      if (isMoving && periods.join() !== told.periods.join()) stop();
      told = { periods, label, lang };
      range.max = String(Math.max(periods.length - 1, 0));
      if (!isMoving) range.value = String(periods.indexOf(period));
      rested = period;
      range.disabled = button.disabled = periods.length < 2;
      target.classList.toggle("single", periods.length < 2);
      range.setAttribute("aria-label", text("period", lang));
      ends[0].textContent = periods[0] ?? "";
      ends[1].textContent = periods.at(-1) ?? "";
      tell();
      press();
    },
    passed: () => (isMoving ? at() : null),
    stop,
  };
}
