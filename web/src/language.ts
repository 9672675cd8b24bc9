/** Words of another language than the page's: a reader's voice and fonts have to know. */

import type { Lang } from "./api";
import { h } from "./element";

const SIGN = "[\\u3001-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\uff01-\\uff5b\\uff5d-\\uffee]";
/** As in geo/text.py: what stands in Japanese brackets, or right before such a sign, belongs to the same words. */
const JAPANESE = new RegExp(`((?:「[^「」]*」|（[^（）]*）|[0-9A-Za-z.+-]{1,40}(?=${SIGN})|${SIGN})+)`);

/** Return the parts of a text; every second one is Japanese. */
export function byLanguage(words: string): string[] {
  return words.split(JAPANESE);
}

/** Return a text in which Japanese words say that they are, on a page in another language. */
export function inLanguage(words: string, lang: Lang): (HTMLElement | string)[] {
  if (lang === "ja") return [words];
  return byLanguage(words).map((part, place) => (place % 2 ? h("span", { lang: "ja" }, part) : part));
}
