/** A question that must be answered before something is done that cannot be undone. */

import { h } from "./dom.js";

/** Ask; gives whether the answer was yes. */
export function confirm(question, explanation, yes) {
  const { promise, resolve } = withResolvers();
  const answer = (value) => () => dialog.close(value);
  const no = h("button", { class: "button", type: "button", autofocus: true, on: { click: answer("no") } }, "Cancel");
  const sure = h("button", { class: "button danger", type: "button", on: { click: answer("yes") } }, yes);
  const about = { class: "confirm", "aria-labelledby": "question", "aria-describedby": "explanation" };
  const dialog = h("dialog", about, h("h2", { id: "question" }, question), h("p", { id: "explanation" }, explanation), h("div", { class: "buttons" }, no, sure));
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

/** Promise.withResolvers is newer than browsers that are still about. */
function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
