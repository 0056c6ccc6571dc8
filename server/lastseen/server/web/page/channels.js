/** The channels of notifications: how each one works, a test message, and enabling a broken one. */

import { expected } from "./api.js";
import { button, h, setText } from "./dom.js";
import { facts } from "./side.js";
import { ago, exact, moment } from "./times.js";
import { CHANNEL_STATES, number, stateOfChannel } from "./wording.js";

/** Milliseconds between two looks at the channels while the view is open. */
const LOOK_AGAIN = 5000;

export class ChannelsView {
  #api;
  #now;
  #found;
  #cards = new Map();
  #list = h("ul", { class: "channels" });
  #hint = h("p", { class: "hint", role: "status" }, "Loading…");
  #timer;

  /** `owner` has `api`, `now()`, `channelsFound(channels)`. */
  constructor({ api, now, channelsFound }) {
    this.#api = api;
    this.#now = now;
    this.#found = channelsFound;
    this.node = h("div", { class: "panel" }, h("h2", {}, "Channels"), this.#hint, this.#list);
    this.#timer = setInterval(() => document.hidden || this.#look(), LOOK_AGAIN);
    this.#look();
  }

  end() {
    clearInterval(this.#timer);
  }

  async #look() {
    try {
      const channels = await this.#api.allChannels();
      this.#found(channels);
      this.#show(channels);
    } catch (error) {
      const none = expected(error).code === "no_store";
      setText(
        this.#hint,
        none ? "This server has no store, so it sends no notifications." : error.message,
      );
    }
  }

  #show(channels) {
    setText(
      this.#hint,
      channels.length ? "" : "The settings have no channel. Add one as [[notify.…]] in config.toml.",
    );
    const names = new Set(channels.map(({ name }) => name));
    for (const [name, card] of this.#cards) {
      if (names.has(name)) continue;
      card.node.remove();
      this.#cards.delete(name);
    }
    for (const channel of channels) {
      const card = this.#cards.get(channel.name) ?? this.#newCard(channel.name);
      card.show(channel, this.#now());
    }
  }

  #newCard(name) {
    const card = new ChannelCard(name, this.#api, () => this.#look());
    this.#cards.set(name, card);
    this.#list.append(card.node);
    return card;
  }
}

/** One channel. Its buttons and the outcome of a test stay while the facts are refreshed. */
class ChannelCard {
  #name;
  #api;
  #refresh;
  #state = h("span", { class: "state" });
  #why = h("p", { class: "error" });
  #facts = h("div", {});
  #outcome = h("p", { class: "message", role: "status" });
  #problem = h("p", { class: "error", role: "alert" });
  #test;
  #enable;

  constructor(name, api, refresh) {
    this.#name = name;
    this.#api = api;
    this.#refresh = refresh;
    this.#test = button("Send test message", "small", () => this.#sendTest());
    this.#enable = button("Enable", "small", () => this.#enableAgain());
    const heading = h("h3", {}, h("bdi", {}, name));
    this.node = h(
      "li",
      { class: "channel" },
      h("div", { class: "channel-head" }, heading, this.#state),
      this.#why,
      this.#facts,
      h("div", { class: "buttons" }, this.#test, this.#enable),
      this.#outcome,
      this.#problem,
    );
  }

  show(channel, now) {
    const state = stateOfChannel(channel);
    setText(this.#state, CHANNEL_STATES[state]);
    this.node.dataset.state = state;
    setText(this.#why, channel.why ?? "");
    this.#test.hidden = !channel.enabled;
    this.#enable.hidden = state !== "broken";
    this.#facts.replaceChildren(
      facts([
        ["Kind", channel.kind],
        ["Since", channel.since ? time(channel.since, now) : ""],
        ["Pending", number(channel.pending ?? 0)],
        ["Failed", number(channel.failed ?? 0)],
        ["Sent in this run", number(channel.sent ?? 0)],
        ["Last sent", channel.last_sent ? time(channel.last_sent, now) : ""],
      ]),
    );
  }

  async #sendTest() {
    await this.#act(this.#test, async () => {
      const { delivered, seconds, error = "" } = await this.#api.testChannel(this.#name);
      if (delivered) setText(this.#outcome, `The test message was delivered in ${seconds} s.`);
      else setText(this.#problem, `The test message failed: ${error}`);
    });
  }

  async #enableAgain() {
    await this.#act(this.#enable, async () => {
      await this.#api.enableChannel(this.#name);
      setText(this.#outcome, "Enabled. Pending notifications are sent now.");
      await this.#refresh();
    });
  }

  async #act(pressed, change) {
    setText(this.#outcome, "");
    setText(this.#problem, "");
    pressed.disabled = true;
    try {
      await change();
    } catch (error) {
      setText(this.#problem, expected(error).message);
    } finally {
      pressed.disabled = false;
    }
  }
}

const time = (text, now) => h("time", { title: exact(moment(text)) }, ago(moment(text), now));
