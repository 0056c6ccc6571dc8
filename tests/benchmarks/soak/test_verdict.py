"""What grows is found, and what only moves is not."""

import random

from benchmarks.soak.verdict import Series, judge, slope, warm_up

MEMORY = Series("memory", "MB", share=0.03, amount=1.0)
WHOLE = 1_800.0


def sampled(value, seed=1, noise=0.5):
    chance = random.Random(seed)
    return [(at, value(at) + chance.gauss(0, noise)) for at in map(float, range(0, 1_800, 5))]


def test_what_moves_by_chance_does_not_grow():
    for seed in range(20):
        assert not judge(MEMORY, sampled(lambda _: 100.0, seed, noise=2.0), WHOLE).grows


def test_a_leak_grows():
    judgement = judge(MEMORY, sampled(lambda at: 100 + at / 200), WHOLE)
    assert judgement.grows
    assert 6 < judgement.gained < 7.5


def test_what_fills_during_the_warm_up_is_not_judged():
    assert not judge(MEMORY, sampled(lambda at: min(100, at / 4)), WHOLE).grows


def test_what_shrinks_does_not_grow():
    assert not judge(MEMORY, sampled(lambda at: 200 - at / 50), WHOLE).grows


def test_a_few_wild_samples_change_nothing():
    points = sampled(lambda _: 100.0)
    wild = [
        (at, 1_000 if number % 15 == 14 else value) for number, (at, value) in enumerate(points)
    ]
    assert abs(slope(wild)) * WHOLE < 1.0


def test_what_is_only_shown_never_grows():
    shown = Series("CPU", "%")
    assert not judge(shown, sampled(lambda at: at), WHOLE).grows


def test_nothing_sampled_is_nothing_grown():
    assert not judge(MEMORY, [], WHOLE).grows
    assert slope([(1.0, 5.0)]) == 0


def test_the_warm_up_of_a_short_soak_leaves_half_of_it():
    assert warm_up(60) == 30
    assert warm_up(480) == 120
    assert warm_up(WHOLE) == 450
