/** Where rows stand, what is on screen, and keeping one's place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Layout, keepPlace, stepTo } from "../../../server/lastseen/server/web/page/layout.js";

const HEIGHTS = { client: 10, group: 4 };
const rows = (...keys) =>
  keys.map((key) => ({ key, kind: key.startsWith("g") ? "group" : "client" }));
const layout = (...keys) => new Layout(rows(...keys), HEIGHTS);
const many = new Layout(rows(...Array.from({ length: 10_000 }, (_, i) => `c${i}`)), HEIGHTS);

test("rows stand below each other", () => {
  const { tops, height } = layout("g1", "a", "b", "g2", "c");
  assert.deepEqual([...tops], [0, 4, 14, 24, 28, 38]);
  assert.equal(height, 38);
});

test("of ten thousand rows only those on screen are drawn, and some more", () => {
  assert.deepEqual(many.range(0, 100), [0, 11]);
  assert.deepEqual(many.range(50_005, 50_105, 3), [4997, 5014]);
  assert.deepEqual(many.range(99_995, 100_095), [9999, 10_000]);
  assert.deepEqual(layout().range(0, 100), [0, 0]);
});

test("the row at a height is that whose top is at it or above", () => {
  const some = layout("g1", "a", "b");
  assert.deepEqual(
    [-5, 0, 3.9, 4, 13, 14, 500].map((y) => some.at(y)),
    [0, 0, 0, 1, 1, 2, 2],
  );
});

test("scrolling to a row moves as little as it can", () => {
  assert.equal(many.scrollTo(3, 0, 100), 0);
  assert.equal(many.scrollTo(10, 0, 100), 10);
  assert.equal(many.scrollTo(2, 50, 100), 20);
  assert.equal(many.scrollTo(2, 50, 100, 4), 16, "below what covers the top");
});

test("what is looked at stays where it is while rows come and go above it", () => {
  const before = layout("a", "b", "c", "d", "e");
  assert.equal(keepPlace(before, layout("new", "a", "b", "c", "d", "e"), 25, 20), 35);
  assert.equal(keepPlace(before, layout("b", "c", "d", "e"), 25, 20), 15);
});

test("if the first row on screen is gone, the next one holds the place", () => {
  assert.equal(keepPlace(layout("a", "b", "c", "d"), layout("a", "c", "d"), 15, 20), 5);
});

test("the row with the focus is followed before all others", () => {
  const after = layout("c", "a", "b", "d");
  assert.equal(keepPlace(layout("a", "b", "c", "d"), after, 5, 30), 15);
  assert.equal(keepPlace(layout("a", "b", "c", "d"), after, 5, 30, "b"), 15);
  assert.equal(
    keepPlace(layout("a", "b", "c", "d"), layout("x", "b", "a", "c", "d"), 5, 30, "b"),
    5,
  );
});

test("at the top nothing is held, and what is new shows", () => {
  assert.equal(keepPlace(layout("a", "b"), layout("new", "a", "b"), 0, 20), 0);
});

test("when nobody on screen is left, one stays at the same height", () => {
  assert.equal(keepPlace(layout("a", "b", "c"), layout("x", "y", "z"), 12, 10), 12);
});

test("keys lead up and down, by pages and to the ends, and never beyond", () => {
  const to = (key, index) => stepTo(key, index, 100, 10);
  assert.deepEqual([to("j", 4), to("ArrowDown", 99), to("k", 4), to("ArrowUp", 0)], [5, 99, 3, 0]);
  assert.deepEqual(
    [to("PageDown", 4), to("PageUp", 4), to("Home", 50), to("End", 50)],
    [14, 0, 0, 99],
  );
  assert.deepEqual([to("x", 4), stepTo("j", -1, 0, 10), stepTo("j", -1, 5, 10)], [null, null, 0]);
});
