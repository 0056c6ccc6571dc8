/** Which silences concern a client. Pure. */

/** Whether a silence holds for a client: one of its globs fits, and one of its groups. */
export function concerns({ clients = [], groups = [] }, client) {
  const named = !clients.length || clients.some((glob) => matchesGlob(glob, client.client_id));
  const member = !groups.length || groups.some((group) => client.groups.includes(group));
  return named && member;
}

/** `*` is any characters, `?` one, `[ab]` one of those; a bracket that never closes is itself. */
export function matchesGlob(glob, text) {
  const pattern = glob.replace(/\[(!?)([^\]]+)\]|[^]/gu, (part, not, members) => {
    if (members !== undefined) return `[${not ? "^" : ""}${members.replace(/[\\^[\]]/g, "\\$&")}]`;
    if (part === "*") return "[^]*";
    return part === "?" ? "[^]" : part.replace(/[\\^$.|+()[\]{}/]/g, "\\$&");
  });
  try {
    return new RegExp(`^${pattern}$`, "u").test(text);
  } catch {
    return glob === text; // a range like [z-a] is none
  }
}

/** The glob that fits this id and no other. */
export const literally = (clientId) => clientId.replace(/[*?[]/g, "[$&]");

/** Whether a silence covers this one client and no other. */
export const coversOnly = ({ clients = [], groups = [] }, client) =>
  clients.length === 1 && !groups.length && clients[0] === literally(client.client_id);

/** The clients that a silence covers, in words: "web-*", "web-* in group rack-3", "every client". */
export function scopeInWords({ clients = [], groups = [] }) {
  const members = groups.length
    ? `${groups.length > 1 ? "groups" : "group"} ${groups.join(" or ")}`
    : "";
  if (!clients.length) return members ? `every client in ${members}` : "every client";
  return [clients.join(" or "), members].filter(Boolean).join(" in ");
}
