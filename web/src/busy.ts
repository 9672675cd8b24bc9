/** A service that is full says when to come again (503, 429): so it is asked again, a few times, and the reader is told. */

import { h } from "./element";
import { type TextKey, text } from "./texts";

export const MOST_AGAIN = 3;
/** Whoever is to wait longer is told that it failed. */
const MOST_WAIT_S = 20;
/** What the service says where nothing else is known. */
const USUAL_WAIT_S = 5;
const KEY: TextKey = "busy";
let waiting = 0;

/** Whether an answer means that the same may be asked for a little later. */
export function isBusy(status: number): boolean {
  return status === 503 || status === 429;
}

/** Wait for so many seconds and somewhat longer, so that those who were refused together do not come back together. */
export async function pause(seconds = USUAL_WAIT_S): Promise<void> {
  const note = document.getElementById(KEY) ?? document.body.appendChild(h("p", { id: KEY, role: "status" }));
  waiting += 1;
  note.textContent = text(KEY, document.documentElement.lang === "en" ? "en" : "ja");
  await new Promise((over) => setTimeout(over, 1000 * seconds * (1 + Math.random() / 2)));
  waiting -= 1;
  if (!waiting) note.textContent = "";
}

/** Return the answer at an address; a full service is asked again when it says. */
export async function patiently(address: string, sent?: RequestInit, again = MOST_AGAIN): Promise<Response> {
  const answer = await fetch(address, sent);
  const seconds = Number(answer.headers.get("Retry-After"));
  if (!again || !isBusy(answer.status) || !(seconds > 0) || seconds > MOST_WAIT_S) return answer;
  await pause(seconds);
  return patiently(address, sent, again - 1);
}
