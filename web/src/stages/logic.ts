/** The logic model: measure → output → outcome → goal, with what runs in the chosen area lit. */

import { get, type Texts } from "../api";
import { h } from "../element";
import type { Board } from "../panel";
import "./plans.css";

interface Node {
  id: string;
  kind: "measure" | "output" | "outcome" | "goal";
  label: Texts;
  indicators: string[];
  deployed: boolean;
}
interface Link {
  source: string;
  target: string;
  reason: Texts;
  basis: string;
}

const TEXTS = {
  deployed: { ja: "展開あり", en: "deployed" },
  here: { ja: "で展開している施策に印を付けています。", en: ": measures known to run here are marked." },
  nation: { ja: "地域を選ぶと、その地域で展開している施策に印が付きます。", en: "Choose an area to mark the measures known to run there." },
  picture: { ja: "図で見る（SVG）", en: "As a picture (SVG)" },
  basis_stated: { ja: "戦略に明記", en: "stated in the strategy" },
  basis_reported: { ja: "報道等による", en: "reported" },
  basis_assumed: { ja: "chiiki による想定", en: "assumed by chiiki" },
} satisfies Record<string, Texts>;

/** Return the nodes that lead to one, in the order of the links. */
export function leadingTo<N extends { id: string }>(id: string, nodes: Map<string, N>, links: { source: string; target: string }[]): N[] {
  return links.filter((link) => link.target === id).flatMap((link) => nodes.get(link.source) ?? []);
}

export async function draw(target: HTMLElement, board: Board): Promise<void> {
  const { view, all, go } = board;
  const lang = view.lang;
  const query = view.area ? `?area=${view.area}` : "";
  const told = await get<{ nodes: Node[]; links: Link[]; coverage: Texts }>(`/v1/logic-model.json${query}`);
  const nodes = new Map(told.nodes.map((node) => [node.id, node]));
  const reason = (from: Node, to: Node) => {
    const link = told.links.find((one) => one.source === from.id && one.target === to.id);
    return link ? h("small", {}, `${link.reason[lang]}（${TEXTS[`basis_${link.basis}` as keyof typeof TEXTS]?.[lang] ?? link.basis}）`) : null;
  };
  const measure = (node: Node, to: Node) =>
    h(
      "li",
      { class: node.deployed && view.area ? "lit" : "" },
      h("button", { type: "button", class: "text", onclick: () => go({ layer: `deployments:${node.id}`, stage: "map" }) }, node.label[lang]),
      node.deployed && view.area ? h("b", { class: "flag" }, `● ${TEXTS.deployed[lang]}`) : null,
      reason(node, to),
    );
  const chips = (node: Node) =>
    node.indicators.flatMap((id) => {
      const layer = all.layers.get(id);
      return layer ? [h("button", { type: "button", class: "text chip", onclick: () => go({ layer: id, stage: "map" }) }, layer.name[lang])] : [];
    });
  const output = (node: Node, to: Node) => h("li", {}, h("b", {}, node.label[lang]), reason(node, to), h("ul", {}, ...leadingTo(node.id, nodes, told.links).map((one) => measure(one, node))));
  const outcome = (node: Node) =>
    h("section", { class: "outcome" }, h("h4", {}, node.label[lang]), h("p", {}, ...chips(node)), h("ul", { class: "tree" }, ...leadingTo(node.id, nodes, told.links).map((one) => (one.kind === "output" ? output(one, node) : measure(one, node)))));
  const goals = told.nodes
    .filter((node) => node.kind === "goal")
    .map((goal) => h("section", { class: "goal" }, h("h3", {}, goal.label[lang]), h("div", { class: "outcomes" }, ...leadingTo(goal.id, nodes, told.links).map(outcome))));
  const area = view.area ? (await get<{ name: Texts }>(`/v1/areas/${view.area}`)).name[lang] : "";
  target.replaceChildren(
    h("p", {}, area ? area + TEXTS.here[lang] : TEXTS.nation[lang]),
    h("p", { class: "soft" }, told.coverage[lang], " ", h("a", { href: `/v1/logic-model.svg${query || "?"}${query ? "&" : ""}lang=${lang}`, target: "_blank" }, TEXTS.picture[lang])),
    h("div", { id: "logic" }, ...goals),
  );
}
