"""The report: a table for each section, ratios beside the peers, and what was required."""

from benchmarks.figures import Figure, Limit
from benchmarks.measure import Spread
from benchmarks.report import markdown

PING = Figure(
    "CPU per ping",
    "µs",
    {"lastseen": Spread(12, 11, 13), "floor": Spread(10, 9, 11), "ws": Spread(24, 24, 24)},
    (Limit(1.5, "floor"), Limit(10.0), Limit(1.0, "one that is not installed")),
)
START = Figure("start", "s", {"lastseen": Spread(1.5, 1.5, 1.5)})


def test_each_section_has_a_table_of_the_peers_that_it_has():
    report = markdown({"Links": [PING], "Nothing": [], "The store": [START]}, {}, [])
    links, store = report.split("## Links")[1].split("## The store")
    assert "|  | lastseen | floor | ws |" in links
    assert "|  | lastseen |\n" in store
    assert "Nothing" not in report


def test_a_peer_stands_with_its_spread_and_our_share_of_it():
    report = markdown({"Links": [PING]}, {}, [])
    row = "| CPU per ping (µs) | 12 (11-13) | 10 (9-11), 1.2× | 24, 0.5× |"  # noqa: RUF001 - as shown
    assert row in report


def test_ours_with_other_settings_is_no_peer():
    both = {"lastseen": Spread(1, 1, 1), "lastseen, faster": Spread(2, 2, 2)}
    assert "| start (s) | 1 | 2 |" in markdown({"Links": [Figure("start", "s", both)]}, {}, [])


def test_a_peer_without_the_figure_or_with_none_to_divide_by_has_no_ratio():
    nothing = Figure("nothing", "s", {"lastseen": Spread(1, 1, 1), "ws": Spread(0, 0, 0)})
    report = markdown({"Links": [PING, nothing]}, {}, [])
    assert "| nothing (s) | 1 | - | 0 |" in report


def test_what_is_required_is_met_or_missed_and_silent_where_the_peer_is_missing():
    report = markdown({"Links": [PING]}, {}, [])
    assert "| CPU per ping | floor | ≤ 1.5 × | 1.2 × | met |" in report  # noqa: RUF001 - as shown
    assert "| CPU per ping | outright | ≤ 10 µs | 12 µs | **missed by 20%** |" in report
    assert "not installed" not in report
