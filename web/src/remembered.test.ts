import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keep, MOST_SEEN, remembered, see } from "./remembered";

beforeEach(() => {
  const held = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (name: string) => held.get(name) ?? null, setItem: (name: string, text: string) => held.set(name, text) });
});
afterEach(() => vi.unstubAllGlobals());

test("what was seen last comes first, once, and the oldest is forgotten", () => {
  for (const id of ["a", "b", "a"]) see(id);
  expect(remembered("seen")).toEqual(["a", "b"]);
  for (let at = 0; at < MOST_SEEN; at += 1) see(String(at));
  expect(remembered("seen")).toHaveLength(MOST_SEEN);
  expect(remembered("seen")).not.toContain("a");
});

test("what is kept stays in its order until it is kept no longer", () => {
  keep("a", true);
  keep("b", true);
  keep("a", true);
  expect(remembered("kept")).toEqual(["b", "a"]);
  keep("b", false);
  expect(remembered("kept")).toEqual(["a"]);
});

test.each(["{", '{"a": 1}', "null"])("a store that holds %s has nothing to tell", (text) => {
  localStorage.setItem("chiiki.kept", text);
  expect(remembered("kept")).toEqual([]);
});

test("a store that is shut is no error", () => {
  const shut = () => {
    throw new DOMException("shut", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: shut, setItem: shut });
  see("a");
  keep("a", true);
  expect(remembered("seen")).toEqual([]);
});
