"""The alerts of a config."""

from headworks.config.posting import posting
from headworks.config.settings import Config
from headworks.core.clock import Clock
from headworks.providers.outbound.http import Outbound
from headworks.telemetry.alerts import AlertRoom
from headworks.telemetry.alerts.watch.rounds import Health


def alert_room(config: Config, outbound: Outbound, clock: Clock, health: Health) -> AlertRoom:
    """The alerts of a gateway."""
    return AlertRoom(config.data_dir, config.alerts, clock, posting(outbound), health)
