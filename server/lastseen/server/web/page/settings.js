/** The settings that may be changed while the server runs, as a form. */

import { expected } from "./api.js";
import { confirm } from "./confirm.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { keep, readKept } from "./kept.js";
import { boundsOf, changesOf, labelOf, readValue, sectionOf, settingNamedIn } from "./form.js";

/** Where values that were typed and not saved are kept, while the window is open. */
const DRAFTS = "lastseen.settings";

const SECTIONS = {
  server: "Heartbeats",
  websocket: "WebSocket",
  lan: "LAN",
  limits: "Limits",
  notify: "Notifications",
};

export class SettingsView {
  #api;
  #settings = [];
  #fields = new Map();
  #form = h("form", { class: "settings", novalidate: true });
  #body = h("div", {});
  #message = h("p", { class: "message", role: "status" });
  #problem = h("p", { class: "error", role: "alert" });
  #reset = button("Take all changes back…", "quiet", () => this.#resetAll());

  constructor(api) {
    this.#api = api;
    const save = h("button", { class: "button primary", type: "submit" }, "Save");
    this.#form.append(
      this.#body,
      this.#problem,
      this.#message,
      h("div", { class: "buttons" }, save, this.#reset),
    );
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    const hint =
      "Applied at once: every client is told. A restart keeps them; config.toml stays as it is.";
    this.node = h(
      "div",
      { class: "panel" },
      h("h2", {}, "Settings"),
      h("p", { class: "hint" }, hint),
      this.#form,
    );
    this.#send(() => api.settings());
  }

  /** What the server says is in force; what is being typed stays. */
  take({ steerable }) {
    const edited = new Set([...this.#fields.keys()].filter((key) => this.#isEdited(key)));
    const names = (settings) => settings.map(({ key }) => key).join();
    const others = names(steerable) !== names(this.#settings);
    this.#settings = steerable;
    if (others) this.#build();
    for (const setting of steerable) this.#show(setting, edited.has(setting.key) && !others);
    if (others) this.#showDrafts();
    this.#keepDrafts();
    this.#reset.hidden = !steerable.some(({ changed }) => changed);
  }

  /** What was typed before the view was closed or the page was loaded again. */
  #showDrafts() {
    const drafts = readKept(DRAFTS, {}, "sessionStorage");
    const known = Object.entries(drafts).filter(([key]) => this.#fields.has(key));
    for (const [key, typed] of known) {
      const { input } = this.#fields.get(key);
      if (input.type === "checkbox") input.checked = typed;
      else input.value = typed;
    }
    if (known.length) setText(this.#message, "What you typed before is not saved yet.");
  }

  #keepDrafts() {
    const edited = [...this.#fields].filter(([key]) => this.#isEdited(key));
    const drafts = Object.fromEntries(edited.map(([key, { input }]) => [key, valueIn(input)]));
    keep(DRAFTS, drafts, "sessionStorage");
  }

  #isEdited(key) {
    const setting = this.#settings.find((one) => one.key === key);
    const { value } = readValue(setting, valueIn(this.#fields.get(key).input));
    return value !== setting.value;
  }

  #build() {
    this.#fields.clear();
    const sections = Map.groupBy ? Map.groupBy(this.#settings, sectionOf) : grouped(this.#settings);
    const parts = [...sections].map(([name, settings]) => {
      const legend = h("legend", {}, SECTIONS[name] ?? name);
      return h("fieldset", {}, legend, ...settings.map((setting) => this.#field(setting)));
    });
    this.#body.replaceChildren(...parts);
  }

  #field(setting) {
    const id = `setting-${setting.key.replaceAll(".", "-")}`;
    const input = inputFor(setting, id);
    const problem = h("p", { class: "error", id: `${id}-problem` });
    const state = h("span", { class: "changed-from" });
    const undo = button("Take back", "quiet small", () => this.#takeBack(setting.key));
    this.#fields.set(setting.key, { input, problem, state, undo });
    input.addEventListener("input", () => {
      this.#complain(setting.key, "");
      this.#keepDrafts();
    });
    const about = h(
      "p",
      { class: "hint", id: `${id}-about` },
      `${setting.about} ${bounds(setting)}`.trim(),
    );
    const unit = setting.unit ? h("span", { class: "unit" }, setting.unit) : null;
    const line = h("div", { class: "field-line" }, input, unit, state, undo);
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, labelOf(setting)),
      line,
      problem,
      about,
    );
  }

  #show(setting, edited) {
    const { input, state, undo } = this.#fields.get(setting.key);
    if (!edited) {
      if (typeof setting.value === "boolean") input.checked = setting.value;
      else input.value = String(setting.value);
    }
    setText(state, setting.changed ? `changed from ${setting.configured}` : "");
    undo.hidden = !setting.changed;
  }

  #complain(key, sentence) {
    const { input, problem } = this.#fields.get(key);
    setText(problem, sentence);
    setAttribute(input, "aria-invalid", sentence ? "true" : null);
  }

  async #save() {
    const values = {};
    const bad = [];
    for (const setting of this.#settings) {
      const { value, problem = "" } = readValue(
        setting,
        valueIn(this.#fields.get(setting.key).input),
      );
      this.#complain(setting.key, problem);
      if (problem) bad.push(setting.key);
      else values[setting.key] = value;
    }
    if (bad.length) return this.#fields.get(bad[0]).input.focus();
    const changes = changesOf(this.#settings, values);
    if (!Object.keys(changes).length) return setText(this.#message, "Nothing is changed.");
    await this.#send(() => this.#api.change(changes), "Saved. Every client has been told.");
  }

  async #takeBack(key) {
    const setting = this.#settings.find((one) => one.key === key);
    this.#fields.get(key).input.value = String(setting.value); // what was typed there goes, too
    await this.#send(() => this.#api.change({ [key]: null }), "Taken back.");
  }

  async #resetAll() {
    const sure = await confirm(
      "Take all changes back?",
      "Everything is as config.toml has it again, at once.",
      "Take all back",
    );
    if (sure) await this.#send(() => this.#api.reset(), "All changes are taken back.");
  }

  async #send(ask, done = "") {
    setText(this.#problem, "");
    setText(this.#message, "");
    try {
      const answer = await ask();
      this.#settings = this.#settings.map(
        (old) => answer.steerable.find(({ key }) => key === old.key) ?? old,
      );
      this.take(answer);
      if (done) setText(this.#message, done);
    } catch (error) {
      this.#refused(expected(error).message);
    }
  }

  #refused(detail) {
    const key = settingNamedIn(detail, this.#settings);
    if (key === null) return setText(this.#problem, detail);
    this.#complain(key, detail);
    this.#fields.get(key).input.focus();
  }
}

function inputFor({ key, value }, id) {
  const type = typeof value === "boolean" ? "checkbox" : "text";
  const inputmode = typeof value === "number" ? "decimal" : null;
  const described = `${id}-about ${id}-problem`;
  return h("input", {
    id,
    type,
    inputmode,
    name: key,
    autocomplete: "off",
    "aria-describedby": described,
  });
}

const valueIn = (input) => (input.type === "checkbox" ? input.checked : input.value);

function bounds(setting) {
  const text = typeof setting.value === "number" ? boundsOf(setting) : "";
  return text.includes(" ") ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}

/** Map.groupBy, for browsers that have none yet. */
function grouped(settings) {
  const found = new Map();
  for (const setting of settings) {
    const name = sectionOf(setting);
    found.set(name, [...(found.get(name) ?? []), setting]);
  }
  return found;
}
