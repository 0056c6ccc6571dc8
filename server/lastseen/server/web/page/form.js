/** Settings as a form: what each is called, what it may be, what was typed. Pure. */

/** What a setting is called: "server.heartbeat_interval" is "Heartbeat interval". */
export function labelOf({ key }) {
  const words = key.split(".").at(-1).replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** The part of the settings that it belongs to: "server". */
export const sectionOf = ({ key }) => key.split(".")[0];

/** "from 10 to 600 seconds", or "". */
export function boundsOf({ minimum, maximum, unit = "" }) {
  const [least, most] = [minimum, maximum].map((bound) => bound?.toLocaleString("en-GB"));
  const ends = [least && `from ${least}`, most && `${least ? "to" : "up to"} ${most}`].filter(
    Boolean,
  );
  return ends.length ? [...ends, unit].join(" ").trim() : unit;
}

/** What was typed as {value} or {problem}, a sentence. */
export function readValue(setting, typed) {
  if (typeof setting.value === "boolean") return { value: typed === true };
  if (typeof setting.value === "string") return { value: typed };
  const value = Number(typed);
  const outside = value < (setting.minimum ?? -Infinity) || value > (setting.maximum ?? Infinity);
  if (!String(typed).trim() || Number.isNaN(value) || outside) {
    return { problem: `Expected ${boundsOf(setting) || "a number"}, got ${shown(typed)}.` };
  }
  return { value };
}

const shown = (typed) => (String(typed).trim() ? `“${String(typed).trim()}”` : "nothing");

/** What is to be sent: the settings whose value is another than before. */
export function changesOf(settings, values) {
  const changed = settings.filter(({ key, value }) => key in values && values[key] !== value);
  return Object.fromEntries(changed.map(({ key }) => [key, values[key]]));
}

/** The key of the setting that a refusal speaks of first; null if it names none. */
export function settingNamedIn(detail, settings) {
  const named = settings
    .map(({ key }) => [detail.indexOf(key), key])
    .filter(([position]) => position >= 0)
    .sort(([one], [other]) => one - other);
  return named[0]?.[1] ?? null;
}
