import { expect, test } from "vitest";
import { SIGN, signOf } from "./carried";

test.each([
  ["apportioned", SIGN],
  ["estimated", SIGN],
  ["ok", ""],
  ["secret", ""],
  [undefined, ""],
])("a value whose status is %s has the sign %j", (status, sign) => {
  expect(signOf(status)).toBe(sign);
});
