"""[detector]: the server doubts itself first."""

from typing import Annotated

from msgspec import Meta

from lastseen.server.config.sections.section import HOUR, MANY, Section


class Detector(Section, frozen=True):
    """When very many clients fall silent at once, the server doubts its own link before them."""

    mass_loss_ratio: Annotated[
        float,
        Meta(
            description="It is a mass loss when clients are due to be given up on while more "
            "than this share of all present clients is late. With 1 it never is.",
            ge=0,
            le=1,
        ),
    ] = 0.5
    mass_loss_min: Annotated[
        int,
        Meta(
            description="And while at least so many are late: of three clients, two may well "
            "be switched off together.",
            ge=1,
            le=MANY,
        ),
    ] = 10
    mass_loss_hold: Annotated[
        float,
        Meta(
            description="How long those that are due are then held as late before they are "
            "given up on after all: time for our own link to come back. 0 holds nobody.",
            ge=0,
            le=HOUR,
        ),
    ] = 60
