/** Light, dark, or as the system has it: put in force before the page is drawn, so that it never flashes. */

"use strict";

(function () {
  const KEY = "lastseen.theme";
  const THEMES = ["auto", "light", "dark"];

  /** What was chosen; a browser that keeps nothing has chosen nothing. */
  function chosen() {
    try {
      const kept = localStorage.getItem(KEY);
      return THEMES.includes(kept) ? kept : "auto";
    } catch {
      return "auto";
    }
  }

  function choose(theme) {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds for as long as the page is open.
    }
  }

  /** The next of the three. */
  function next() {
    return THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  }

  document.documentElement.dataset.theme = chosen();
  window.lastseenTheme = { choose, next };
})();
