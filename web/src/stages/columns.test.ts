import { describe, expect, it } from "vitest";
import { columnsOf, crossings, type Kind, leadingTo, lit, type Model, type ModelLink, type ModelNode, related } from "./columns";

const node = (id: string, kind: Kind): ModelNode => ({ id, kind, label: { ja: id, en: id }, indicators: [], deployed: false });
const link = (source: string, target: string): ModelLink => ({ source, target, reason: { ja: "", en: "" }, basis: "assumed" });

const MODEL: Model = {
  nodes: [
    node("m1", "measure"),
    node("m2", "measure"),
    node("m3", "measure"),
    node("p1", "output"),
    node("p2", "output"),
    node("c1", "outcome"),
    node("c2", "outcome"),
    node("g1", "goal"),
    node("g2", "goal"),
  ],
  links: [link("m1", "p2"), link("m2", "p1"), link("m3", "p2"), link("p2", "c1"), link("p1", "c2"), link("c1", "g1"), link("c2", "g2")],
};
const ids = (nodes: ModelNode[]) => nodes.map((one) => one.id);

describe("columns of a logic model", () => {
  it("keep of a goal only what leads to it", () => {
    expect(ids(leadingTo(MODEL, "g1").nodes)).toEqual(["m1", "m3", "p2", "c1", "g1"]);
    expect(leadingTo(MODEL, "")).toBe(MODEL);
  });

  it("are ordered so that no link crosses where none must", () => {
    const columns = columnsOf(MODEL);
    expect(ids(columns.goal)).toEqual(["g1", "g2"]);
    expect(ids(columns.outcome)).toEqual(["c1", "c2"]);
    expect(ids(columns.output)).toEqual(["p2", "p1"]);
    expect(ids(columns.measure)).toEqual(["m1", "m3", "m2"]);
  });

  it("count the links that cross", () => {
    const [p1, p2, c1, c2] = [node("p1", "output"), node("p2", "output"), node("c1", "outcome"), node("c2", "outcome")];
    expect(crossings(MODEL.links, [c1, c2], [p1, p2])).toBe(1);
    expect(crossings(MODEL.links, [c1, c2], [p2, p1])).toBe(0);
  });

  it("tell ancestors and descendants, not siblings", () => {
    expect([...related(MODEL.links, "p2")].sort()).toEqual(["c1", "g1", "m1", "m3", "p2"]);
    expect([...related(MODEL.links, "m1")].sort()).toEqual(["c1", "g1", "m1", "p2"]);
  });

  it("light what a measure leads to", () => {
    expect([...lit(MODEL.links, ["m2"])].sort()).toEqual(["c2", "g2", "m2", "p1"]);
    expect(lit(MODEL.links, []).size).toBe(0);
  });
});
