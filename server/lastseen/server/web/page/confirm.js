/** A question that must be answered before something is done that cannot be undone. */

import { button, h } from "./dom.js";

/** Ask; gives whether the answer was yes. */
export function confirm(question, explanation, yes) {
  const { promise, resolve } = withResolvers();
  const no = button("Cancel", "", () => dialog.close("no"));
  no.autofocus = true;
  const sure = button(yes, "danger", () => dialog.close("yes"));
  const dialog = h(
    "dialog",
    { class: "confirm", "aria-labelledby": "question", "aria-describedby": "explanation" },
    h("h2", { id: "question" }, question),
    h("p", { id: "explanation" }, explanation),
    h("div", { class: "buttons" }, no, sure),
  );
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
