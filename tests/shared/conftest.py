"""Hypothesis tries the same examples every time: a test fails on everyone's machine, or on none."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
