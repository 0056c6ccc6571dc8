/** Small values that outlive a reload: JSON in the browser's storage, which may be blocked or full. */

/** The value that was kept under a name; `fallback` if there is none that can be read. */
export function readKept(name, fallback, storage = "localStorage") {
  try {
    return JSON.parse(globalThis[storage].getItem(name)) ?? fallback;
  } catch {
    return fallback; // blocked by the browser's settings, or not ours
  }
}

/** Keep a value under a name. Where the browser keeps nothing, the value lasts until a reload. */
export function keep(name, value, storage = "localStorage") {
  try {
    globalThis[storage].setItem(name, JSON.stringify(value));
  } catch {
    // blocked or full: nothing depends on it
  }
}
