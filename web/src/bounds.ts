/** The reader's own breaks between classes, as they are typed. */

/** The service takes no more. */
export const MOST_BOUNDS = 12;

export type Fault = { kind: "none" } | { kind: "many"; found: number } | { kind: "number"; found: string } | { kind: "order"; before: number; after: number };

/** Return the numbers of a text, which ascend, or what is wrong with it; full-width digits and signs count as others do. */
export function boundsOf(text: string): number[] | Fault {
  const words = text
    .normalize("NFKC")
    .replaceAll(/[−‐–]/g, "-")
    .split(/[\s,、;]+/)
    .filter(Boolean);
  const bounds = words.map(Number);
  const wrong = words.findIndex((_word, index) => !Number.isFinite(bounds[index]));
  if (wrong !== -1) return { kind: "number", found: words[wrong] ?? "" };
  if (bounds.length === 0) return { kind: "none" };
  if (bounds.length > MOST_BOUNDS) return { kind: "many", found: bounds.length };
  const falls = bounds.findIndex((bound, index) => index > 0 && bound <= (bounds[index - 1] as number));
  if (falls !== -1) return { kind: "order", before: bounds[falls - 1] as number, after: bounds[falls] as number };
  return bounds;
}
