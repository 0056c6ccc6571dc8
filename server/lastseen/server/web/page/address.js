/** What is being looked at, as the query of the page's address, so that it can be kept and shared. Pure. */

/** What each field may be; null: any text. The first is what is left out of the address. */
const FIELDS = {
  status: ["", "present", "online", "late", "offline"],
  group: null,
  search: null,
  by: ["", "group", "status", "nothing"],
  sort: ["name", "recent"],
  client: null,
  view: ["", "settings", "health", "channels"],
};

/** The choice in a query; what is unknown there is passed over. */
export function readAddress(query) {
  const given = new URLSearchParams(query);
  const choice = {};
  for (const [name, values] of Object.entries(FIELDS)) {
    const value = given.get(name) ?? "";
    choice[name] = values === null || values.includes(value) ? value : values[0];
    if (values?.[0] && !value) choice[name] = values[0];
  }
  return choice;
}

/** The query of a choice: "" or "?…". */
export function writeAddress(choice) {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(FIELDS)) {
    if (choice[name] && choice[name] !== values?.[0]) query.set(name, choice[name]);
  }
  const text = query.toString();
  return text && `?${text}`;
}
