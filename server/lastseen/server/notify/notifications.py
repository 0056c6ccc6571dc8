"""Everything that tells someone, as the composition root needs it."""

import trio

from lastseen.server.keeping.keeper import Keeper
from lastseen.server.notify.answering import Answering
from lastseen.server.notify.channel_tester import ChannelTester
from lastseen.server.notify.lanes import Senders as AnySenders
from lastseen.server.notify.notifier import Notifier, Surroundings
from lastseen.server.notify.senders import Senders
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.server.store.deliveries import DeliveryStore

DAY = 86_400.0


class Notifications:
    """Who decides what is told, who sends it, and who answers questions about it.

    Attributes:
        notifier: Who decides and sends.
        answering: Who answers.
        tester: Sends test messages.
    """

    def __init__(
        self,
        store: DeliveryStore,
        keeper: Keeper,
        presence: Presence,
        steering: Steering,
        senders: AnySenders | None = None,
        around: Surroundings | None = None,
    ) -> None:
        """From now on the keeper has what is to be told written with each transition.

        A simulation has its own `senders` and `around`.
        """
        around = around or Surroundings()
        senders = senders or Senders()
        self.notifier = Notifier(
            store,
            keeper,
            senders,
            settings=lambda: steering.config.notify,
            retention=lambda: steering.config.store.offline_retention * DAY,
            grace=lambda: steering.config.server.reconnect_grace,
            epoch=presence.epoch,
            around=around,
        )
        self.answering = Answering(store, self.notifier, around.wall, around.in_thread)
        self.tester = ChannelTester(lambda: steering.config.notify.channels, senders, around.wall)
        keeper.teller = self.notifier

    async def restore(self) -> None:
        """Go on where the last run ended. To be awaited before anything happens.

        Raises:
            StartFailed: The database does not answer.
        """
        await self.notifier.restore()

    async def run(self) -> None:
        """Tell and answer, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.notifier.run)
            nursery.start_soon(self.answering.run)

    async def finish(self) -> None:
        """Send nothing new, and wait for a moment for what is on its way."""
        await self.notifier.finish()
