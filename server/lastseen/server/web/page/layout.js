/** Where rows stand in a list of which only what is on screen is drawn. Pure; lengths in pixels. */

export class Layout {
  /** `heights` by a row's kind. */
  constructor(rows, heights) {
    this.rows = rows;
    this.tops = new Float64Array(rows.length + 1);
    this.#indices = new Map();
    rows.forEach(({ key, kind }, i) => {
      this.tops[i + 1] = this.tops[i] + heights[kind];
      this.#indices.set(key, i);
    });
  }

  #indices;

  get height() {
    return this.tops[this.rows.length];
  }

  /** The index of a row; -1 for one that is not there. */
  indexOf(key) {
    return this.#indices.get(key) ?? -1;
  }

  /** The index of the row at a height, by bisection. */
  at(y) {
    let [low, high] = [0, this.rows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rows between two heights: [from, to), with some more on either side. */
  range(top, bottom, more = 0) {
    if (!this.rows.length) return [0, 0];
    return [
      Math.max(0, this.at(top) - more),
      Math.min(this.rows.length, this.at(bottom) + 1 + more),
    ];
  }

  /** How far to scroll so that a row is in a view of this height, whose top `covered` is covered. */
  scrollTo(index, scrollTop, viewHeight, covered = 0) {
    const [top, bottom] = [this.tops[index] - covered, this.tops[index + 1]];
    if (top < scrollTop) return Math.max(0, top);
    return bottom > scrollTop + viewHeight ? bottom - viewHeight : scrollTop;
  }
}

/**
 * How far to scroll after the rows changed, so that what is being looked at stays where it is.
 *
 * That is the row `held` (the one with the focus) if it was on screen, else the first that was and
 * is still there. At the very top nothing is held: whoever looks there wants to see what is new.
 */
export function keepPlace(before, after, scrollTop, viewHeight, held = null) {
  if (scrollTop <= 0) return 0;
  const [from, to] = before.range(scrollTop, scrollTop + viewHeight - 1);
  const shown = before.rows.slice(from, to).map(({ key }) => key);
  const candidates = shown.includes(held) ? [held, ...shown] : shown;
  const key = candidates.find((candidate) => after.indexOf(candidate) >= 0);
  if (key === undefined) return scrollTop;
  return Math.max(0, scrollTop + after.tops[after.indexOf(key)] - before.tops[before.indexOf(key)]);
}

/** The index that a key of the keyboard leads to; null if it leads nowhere. */
export function stepTo(key, index, count, perPage) {
  const last = count - 1;
  const steps = {
    ArrowDown: index + 1,
    j: index + 1,
    ArrowUp: index - 1,
    k: index - 1,
    PageDown: index + perPage,
    PageUp: index - perPage,
    Home: 0,
    End: last,
  };
  if (!(key in steps) || count === 0) return null;
  return Math.min(last, Math.max(0, steps[key]));
}
