"""Kill switches: what is off, since when, until when, and why."""

from headworks.flags.switches.state import KINDS, SwitchKind
from headworks.flags.switches.switch import Switch, SwitchWish
from headworks.flags.switches.switches import Switches

__all__ = ["KINDS", "Switch", "SwitchKind", "SwitchWish", "Switches"]
