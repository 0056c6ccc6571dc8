"""The figure is SVG that any reader of XML takes, and shows what grows in red."""

import xml.etree.ElementTree as ET

from benchmarks.soak.figure import draw
from benchmarks.soak.verdict import Judgement, Series

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [(0.0, 1.0), (30.0, 2.0), (60.0, 4.0)]


def judgement(name, gained):
    return Judgement(Series(name, "MB", amount=1.0), 2.0, gained, 1.0)


def panels(*judgements, points=POINTS):
    drawn = [(found, points) for found in judgements]
    document = draw("5 < 6 clients & more", drawn, 60.0)
    return ET.fromstring(document).findall(f"{SVG}g")  # noqa: S314 - our own


def test_each_series_has_a_panel_with_a_line():
    found = panels(*(judgement(f"series {number}", 0.0) for number in range(4)))
    assert len(found) == 4
    assert all(panel.findall(f"{SVG}path[@class='line']") for panel in found)


def test_what_grows_is_marked_and_what_does_not_is_not():
    steady, grows = panels(judgement("a", 0.5), judgement("b", 1.5))
    assert (steady.get("class"), grows.get("class")) == (None, "grows")


def test_a_series_of_one_sample_or_of_zeros_is_drawn_all_the_same():
    assert panels(judgement("a", 0.0), points=[(1.0, 0.0)])
    assert panels(judgement("a", 0.0), points=[(1.0, 0.0), (2.0, 0.0)])
