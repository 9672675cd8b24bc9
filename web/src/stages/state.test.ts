import { expect, test } from "vitest";
import { shared } from "./state";

test("the KPI that the strategy states for a goal is told from the others of that goal", () => {
  const stated = "東京圏以外における就業者一人当たり年間付加価値労働生産性の伸び率";
  expect(shared(stated, "就業者一人当たり年間付加価値労働生産性の伸び率（東京圏以外）")).toBe(23);
  expect(shared(stated, "域内総生産の伸び率（東京圏以外）")).toBe(5); // 東京圏以外
  expect(shared(stated, "")).toBe(0);
});
