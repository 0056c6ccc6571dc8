/** Records as the API sends them. */

const NOW = "2026-11-22T12:00:00Z";

export const record = (client_id, fields = {}) => ({
  client_id,
  status: "online",
  reason: "registered",
  since: NOW,
  last_seen: NOW,
  ...fields,
});

/** The same with everything that a record leaves out where it is empty. */
export const client = (client_id, fields = {}) => ({
  name: "",
  hostname: "",
  groups: [],
  meta: {},
  availability: "available",
  note: "",
  via: "tcp",
  address: "",
  sessions: 0,
  ...record(client_id, fields),
});

export const offline = (client_id, fields = {}) =>
  client(client_id, { status: "offline", reason: "left", ...fields });
