/** Making elements. Whatever comes from outside becomes text, never markup. */

import { plain } from "./plain.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `properties`: `class`, `on` ({event: listener}), other names as attributes (false and
 * null: left out, true: empty). Children: elements, texts, null for nothing.
 */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  const given = children.flat().filter((child) => child !== null && child !== undefined);
  element.append(...given.map((child) => (typeof child === "string" ? plain(child) : child)));
  return element;
}

/** A button with words on it; `kind` is a class, like "danger". */
export const button = (text, kind, click) =>
  h("button", { class: `button ${kind}`.trim(), type: "button", on: { click } }, text);

/** Set an attribute if it is another; false, null and undefined take it away. */
export function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Set a text if it is another: what is selected in it stays so. */
export function setText(element, text) {
  const shown = plain(text);
  if (element.textContent !== shown) element.textContent = shown;
}

/** An icon of 16 × 16, drawn by lines; it says nothing that words beside it do not. */
const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  back: "M10 3L5 8l5 5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.4 10.4L14 14",
  settings:
    "M2 5h6M12 5h2M2 11h2M8 11h6M10 3a2 2 0 1 0 0 4a2 2 0 0 0 0-4zM6 9a2 2 0 1 0 0 4a2 2 0 0 0 0-4z",
  health: "M1.5 8.5h3l2-5 3 9 2-4h3",
  channels: "M4 7a4 4 0 0 1 8 0v3l1.5 2h-11L4 10zM6.5 14h3",
  auto: "M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12zM8 2v12M8 5l4-1.5M8 8h6M8 11l4 1.5",
  light:
    "M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  chevron: "M5 6.5L8 9.5L11 6.5",
};

export const icon = (name) =>
  s(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    s("path", { d: ICONS[name] }),
  );

/** A status as a shape: a disc, a half disc, a ring; away is a crescent, busy a disc with a bar. */
const DOTS = {
  online: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11z",
  away: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5a4 4 0 0 1-5.5-5.5z",
  busy: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11zM5 7v2h6v-2z",
  late: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11zM8 4.1v7.8a3.9 3.9 0 0 1 0-7.8z",
  offline:
    "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11zM8 4.1a3.9 3.9 0 1 1 0 7.8a3.9 3.9 0 0 1 0-7.8z",
};

export function dot(kind) {
  const path = s("path", { "fill-rule": "evenodd" });
  const drawn = s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
  drawDot(drawn, kind);
  return drawn;
}

export function drawDot(drawn, kind) {
  setAttribute(drawn, "class", `dot ${kind}`);
  setAttribute(drawn.firstChild, "d", DOTS[kind] ?? DOTS.offline);
}

/** Which dot a client has. */
export const dotOf = ({ status, availability }) =>
  status === "online" && availability !== "available" && availability in DOTS
    ? availability
    : status;
