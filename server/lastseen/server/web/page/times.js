/** Moments and durations as people read them. Pure: `now` is an argument; all numbers are seconds. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Less than this is "just now": a number that jumps about tells nobody anything. */
const JUST_NOW = 5;

const UNITS = [
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [1, "second"],
];

/** A moment on the wire (RFC 3339) in Unix time; NaN for none. */
export const moment = (text) => Date.parse(text) / 1000;

/** The largest unit, in words: "3 minutes". */
export function roughly(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [size, unit] = UNITS.find(([size]) => whole >= size) ?? UNITS.at(-1);
  const count = Math.floor(whole / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The two largest units, short: "3 h 12 min". */
export function precisely(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / DAY), "d"],
    [Math.floor(whole / HOUR) % 24, "h"],
    [Math.floor(whole / MINUTE) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** How long ago, rounded down as everywhere: "just now", "3 minutes ago", "11 days ago". */
export function ago(at, now) {
  const passed = now - at;
  if (passed < JUST_NOW) return "just now";
  return `${roughly(passed)} ago`;
}

/** The exact time, in the zone of whoever looks: "22 Nov 2026, 14:03:09". */
export const exact = (at) => `${day(at)}, ${clock(at)}`;

/** "22 Nov 2026" */
export const day = (at) =>
  new Date(at * 1000).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
  });

/** "14:03:09" */
export const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");

/** "14:03" */
export const minute = (at) => clock(at).slice(0, 5);

/** "today", "yesterday" or the day. */
export function calendarDay(at, now) {
  if (day(at) === day(now)) return "today";
  return day(at) === day(now - DAY) ? "yesterday" : day(at);
}
