"""Options that several sub-commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lastseen.server.config import DEFAULT_PATH

STANDARD = Path("-")
"""Standard input or output."""


def _check_name(_type: object, path: Path) -> None:
    if str(path).startswith("-") and path != STANDARD:
        raise ValueError("no such option; a file of that name is written ./" + str(path))


ConfigPath = Annotated[
    Path | None,
    Parameter(
        help=f"The file of settings. Without it: ./{DEFAULT_PATH} if it is there.", negative=""
    ),
]

Source = Annotated[
    Path,
    Parameter(
        help="The file to read; - is standard input.",
        allow_leading_hyphen=True,  # or - would be taken for an option
        validator=_check_name,
    ),
]

Target = Annotated[
    Path,
    Parameter(
        help="The file to make; - is standard output.",
        allow_leading_hyphen=True,
        validator=_check_name,
    ),
]
