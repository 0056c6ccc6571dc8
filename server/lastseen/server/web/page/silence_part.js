/** Keeping quiet about one client for a while, and ending that. */

import { expected } from "./api.js";
import { button, h, setText } from "./dom.js";
import { section } from "./side.js";
import { concerns, literally } from "./silences.js";
import { exact, moment, precisely } from "./times.js";

const LENGTHS = [
  [3600, "1 hour"],
  [8 * 3600, "8 hours"],
  [86_400, "1 day"],
  [7 * 86_400, "1 week"],
];

/** A part: {node, load()}. Hidden where the server tells nobody anything. */
export function silencePart(client, { api, now }) {
  const list = h("ul", { class: "silences" });
  const length = h(
    "select",
    { "aria-label": "For how long" },
    ...LENGTHS.map(([value, text]) => h("option", { value }, text)),
  );
  const reason = h("input", {
    type: "text",
    maxlength: 256,
    placeholder: "Reason",
    "aria-label": "Reason",
    autocomplete: "off",
  });
  const problem = h("p", { class: "error", role: "alert" });
  const silence = h("button", { class: "button", type: "submit" }, "Silence");
  const form = h(
    "form",
    { class: "silence-form" },
    h("span", { class: "select" }, length),
    reason,
    silence,
  );
  const node = section(
    "Silence",
    h("p", { class: "hint" }, "While it is silenced, nobody is told of it."),
    list,
    form,
    problem,
  );
  node.hidden = true;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = { seconds: Number(length.value), client: literally(client.client_id) };
    act(() =>
      api.silence(reason.value.trim() ? { ...request, reason: reason.value.trim() } : request),
    );
  });

  async function act(change) {
    setText(problem, "");
    try {
      await change();
      reason.value = "";
      await load();
    } catch (error) {
      setText(problem, expected(error).message);
    }
  }

  async function load() {
    try {
      const found = await all(api);
      list.replaceChildren(...found.filter((silence) => concerns(silence, client)).map(item));
      node.hidden = false;
    } catch (error) {
      if (expected(error).status === 404) node.hidden = true;
    }
  }

  function item({ id, until, reason: why = "" }) {
    const left = precisely(moment(until) - now());
    const end = button("End", "quiet", () => act(() => api.unsilence(id)));
    const words = h(
      "span",
      { title: `until ${exact(moment(until))}` },
      `For ${left} more`,
      why ? ": " : "",
      h("bdi", {}, why),
    );
    return h("li", {}, words, id === undefined ? null : end);
  }

  return { node, load };
}

async function all(api) {
  const found = [];
  let after = null;
  do {
    const page = await api.silences(after);
    found.push(...page.silences);
    after = page.after ?? null;
  } while (after !== null);
  return found;
}
