"""What can go wrong with a benchmark, as sentences for the report."""


class BenchmarkError(Exception):
    """Something could not be measured."""


class NotStartedError(BenchmarkError):
    """A server does not accept connections."""


class LoadError(BenchmarkError):
    """The load could not go on: the server refused, closed, or fell silent."""
