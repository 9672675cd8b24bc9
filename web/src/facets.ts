/** What the layers of a family differ in: a family is one entry of the tree, with a choice for each difference. */

import type { FamilyInDetail, FamilyMember, Lang } from "./api";
import { type TextKey, text } from "./texts";

export interface FacetOption {
  /** Where its layer is chosen from: what it is called there. */
  value: string;
  name: string;
  /** Whether it is there to compute others with. */
  isIngredient: boolean;
}

export interface Facet {
  /** Its place among the differences of the family. */
  at: number;
  label: TextKey;
  options: FacetOption[];
  chosen: string;
}

/** The id of a layer of gaps: what is counted, and by which definition. */
const GAP = /^(?:transport-gap(?:-(?<share>centroid|65|75|land))?:|gap-(?<count>people-centroid|people-65|people-75|people|land)-)(?<definition>.+)$/;
const BRACKETS = /[（(]([^（）()]*)[）)]/g;

/** Return what a layer of gaps is: its definition, whom it counts, and how; null for any other. */
function gapPlaces({ id, name }: FamilyMember, lang: Lang): string[] | null {
  const found = GAP.exec(id)?.groups;
  if (!found) return null;
  const counted = (found["share"] ?? found["count"]?.replace(/^people-?/, "") ?? "") || "people";
  const isCount = found["count"] !== undefined;
  const definition = name[lang]
    .split(lang === "ja" ? "：" : ": ")
    .slice(1)
    .join(": ");
  const isCentroid = counted === "centroid";
  const who: TextKey = counted === "65" ? "gapOf65" : counted === "75" ? "gapOf75" : counted === "land" ? "gapOfLand" : "gapOfAll";
  const how: TextKey = isCentroid ? (isCount ? "gapCountCentres" : "gapShareCentres") : isCount ? "gapCount" : "gapShare";
  return [definition, text(who, lang), text(how, lang)];
}

/** Return where a layer stands among those of its family: what it is called without brackets, and what stands in each of them. */
export function placesOf(member: FamilyMember, lang: Lang): string[] {
  const gap = gapPlaces(member, lang);
  if (gap) return gap;
  const name = member.name[lang];
  const stem = name.replace(BRACKETS, "").replace(/\s+/g, " ").trim();
  return [stem, ...[...name.matchAll(BRACKETS)].map((found) => found[1] ?? "")];
}

function agreement(one: string[], other: string[]): number {
  return one.filter((value, at) => value === (other[at] ?? "")).length;
}

/** Return the choices that a family leaves beside the layer shown; one that leaves nothing to choose is no choice. */
export function facetsOf({ layers }: Pick<FamilyInDetail, "layers">, shown: string, lang: Lang): Facet[] {
  const placed = layers.map((member) => ({ member, places: placesOf(member, lang) }));
  const own = placed.find(({ member }) => member.id === shown) ?? placed[0];
  if (!own) return [];
  const isGap = gapPlaces(own.member, lang) !== null;
  const labels: TextKey[] = isGap ? ["facetDefinition", "facetWho", "facetHow"] : ["facetFigure", "facetPart", "facetPart", "facetPart"];
  const depth = Math.max(...placed.map(({ places }) => places.length));
  const facets: Facet[] = [];
  for (let at = 0; at < depth; at += 1) {
    const beside = placed.filter(({ places }) => own.places.slice(0, at).every((value, before) => (places[before] ?? "") === value));
    const values = [...new Set(beside.map(({ places }) => places[at] ?? ""))];
    if (values.length < 2) continue;
    const options = values.map((value) => {
      const having = beside.filter(({ places }) => (places[at] ?? "") === value);
      const only = having.length === 1 && at === 0 && having[0] && !gapPlaces(having[0].member, lang) ? having[0] : undefined;
      return {
        value,
        name: only?.member.name[lang] ?? (value || text("facetWhole", lang)),
        isIngredient: having.every(({ member }) => member.ingredient),
      };
    });
    facets.push({ at, label: labels[at] ?? "facetPart", options, chosen: own.places[at] ?? "" });
  }
  return facets;
}

/** Return the layer that a choice leads to: one that has it, and otherwise most of what the layer shown has. */
export function chosenBy({ layers }: Pick<FamilyInDetail, "layers">, shown: string, { at, value }: { at: number; value: string }, lang: Lang): string {
  const member = layers.find((one) => one.id === shown) ?? layers[0];
  if (!member) return shown;
  const own = placesOf(member, lang);
  const wanted = [...own.slice(0, at), value, ...own.slice(at + 1)];
  const having = layers
    .map((one) => ({ id: one.id, places: placesOf(one, lang) }))
    .filter(({ places }) => (places[at] ?? "") === value && own.slice(0, at).every((before, index) => (places[index] ?? "") === before));
  return having.reduce((best, one) => (agreement(wanted, one.places) > agreement(wanted, best.places) ? one : best), having[0] ?? { id: shown, places: own })
    .id;
}
