/** The rank of a value among all, which the page has already. */

export interface Place {
  rank: number;
  of: number;
}

const sorted = new WeakMap<object, number[]>();

/** Return the rank of a value from the highest, equal ones sharing the better, and of how many; null where it is none of them. */
export function placeOf(value: number | null | undefined, values: readonly (number | null)[]): Place | null {
  if (value === null || value === undefined) return null;
  let order = sorted.get(values);
  if (!order) {
    order = values.filter((one): one is number => one !== null).sort((one, other) => other - one);
    sorted.set(values, order);
  }
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle] as number) > value) low = middle + 1;
    else high = middle;
  }
  return order[low] === value ? { rank: low + 1, of: order.length } : null;
}
