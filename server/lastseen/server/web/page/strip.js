/**
 * What a client was over the last hours, as shapes for an SVG. Pure.
 *
 * The window is cut into columns, and each shows the worst that happened in it, so that ten seconds
 * offline in a day can be seen. Shapes tell the statuses apart as well as colours do: online is a
 * tall bar, late a lower one, offline a thin line, and where nobody watched there are dots.
 */

import { moment } from "./times.js";

/** What is drawn, the worst last: it wins its column. */
export const KINDS = ["online", "late", "offline"];
export const UNWATCHED = "unwatched";

/** The share of a column's height that a kind takes. */
const HEIGHTS = { online: 1, late: 0.56, offline: 0.14, unwatched: 0.14 };

/**
 * A column is unwatched when more than this share of what is known of it is: a restart of a second
 * is not news.
 */
const MOSTLY = 0.5;

/** A timeline of the API in Unix time. */
export function readTimeline(drawn, spans) {
  const stretch = ({ since, until, status }) => ({
    since: moment(since),
    until: moment(until),
    status,
  });
  return {
    since: moment(drawn.since),
    until: moment(drawn.until),
    unwatched: drawn.unwatched.map(stretch),
    spans: spans.map(stretch),
  };
}

/** The kind of each of `count` columns; null before the client was first seen. */
export function columns({ since, until, spans, unwatched }, count) {
  const width = (until - since) / count;
  const kinds = new Array(count).fill(null);
  for (const span of spans) {
    const rank = KINDS.indexOf(span.status);
    forEachColumn(span, (i) => {
      if (rank > KINDS.indexOf(kinds[i])) kinds[i] = span.status;
    });
  }
  const known = new Array(count).fill(0);
  const dark = new Array(count).fill(0);
  for (const span of spans) {
    forEachColumn(span, (i, share) => (known[i] += share));
    for (const stretch of unwatched)
      forEachColumn(common(span, stretch), (i, share) => (dark[i] += share));
  }
  return kinds.map((kind, i) => (dark[i] > MOSTLY * known[i] ? UNWATCHED : kind));

  function forEachColumn(stretch, visit) {
    const from = Math.max(0, (stretch.since - since) / width);
    const to = Math.min(count, (stretch.until - since) / width);
    for (let i = Math.floor(from); i < to; i += 1)
      visit(i, Math.min(to, i + 1) - Math.max(from, i));
  }
}

/** Where two stretches overlap; it ends before it begins where they do not. */
const common = (one, other) => ({
  since: Math.max(one.since, other.since),
  until: Math.min(one.until, other.until),
});

/** Neighbouring columns of one kind: [{kind, from, to}], `to` exclusive. */
export function runs(kinds) {
  const found = [];
  kinds.forEach((kind, i) => {
    const last = found.at(-1);
    if (last?.kind === kind && last.to === i) last.to = i + 1;
    else if (kind !== null) found.push({ kind, from: i, to: i + 1 });
  });
  return found;
}

/** The `d` of a path for each kind, for columns of one unit's width and a strip of this height. */
export function paths(kinds, height) {
  const drawn = { online: "", late: "", offline: "", unwatched: "" };
  for (const { kind, from, to } of runs(kinds)) {
    const tall = height * HEIGHTS[kind];
    const top = (height - tall) / 2;
    const bars = kind === UNWATCHED ? dots(from, to) : [[from, to - from]];
    for (const [x, wide] of bars)
      drawn[kind] += `M${x} ${round(top)}h${wide}v${round(tall)}h-${wide}z`;
  }
  return drawn;
}

/** Every third column, which reads as a dotted line. */
function dots(from, to) {
  const found = [];
  for (let x = Math.ceil(from / 3) * 3; x < to; x += 3) found.push([x, 1]);
  return found;
}

const round = (number) => Math.round(number * 100) / 100;

/** Seconds of each kind; what was not watched counts for nothing else. */
export function totals({ spans, unwatched }) {
  const sums = { online: 0, late: 0, offline: 0, unwatched: 0 };
  for (const { since, until, status } of spans) {
    const dark = overlap(unwatched, since, until);
    sums.unwatched += dark;
    if (status in sums) sums[status] += until - since - dark;
  }
  return sums;
}

const overlap = (stretches, since, until) =>
  stretches.reduce(
    (sum, s) => sum + Math.max(0, Math.min(until, s.until) - Math.max(since, s.since)),
    0,
  );

/** What a timeline holds at a moment: {status, since, until}; null where nothing is known. */
export function at({ spans, unwatched }, when) {
  const holds = ({ since, until }) => since <= when && when < until;
  const known = spans.find(holds);
  if (known === undefined) return null;
  const dark = unwatched.find(holds);
  return dark === undefined ? known : { ...dark, status: UNWATCHED };
}
