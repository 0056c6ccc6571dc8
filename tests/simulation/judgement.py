"""All laws. What is told follows from what is stored, so the story is judged before the telling."""

from typing import TYPE_CHECKING, Protocol

from tests.simulation.bounds import Bounds
from tests.simulation.detection import Detection
from tests.simulation.story import Story
from tests.simulation.telling import Telling
from tests.simulation.times import Times
from tests.simulation.watching import Watching
from tests.simulation.witness import Decided, Subject

if TYPE_CHECKING:
    from tests.simulation.world import World


class Law(Protocol):
    """Somebody who looks on, and calls `World.breach`."""

    def decided(self, decided: Decided, subject: Subject) -> None:
        """The server made a transition; `subject` does not know of it yet."""

    def tick(self) -> None:
        """Everyone had their turn."""

    def at_end(self) -> None:
        """Nothing has been wrong for a while."""


def all_laws(world: "World") -> list[Law]:
    return [law(world) for law in (Detection, Watching, Story, Telling, Times, Bounds)]
