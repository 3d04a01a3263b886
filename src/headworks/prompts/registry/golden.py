"""Whether a version has passed its golden set: asked before a protected label is moved to it."""

from typing import Protocol

from headworks.core.errors import RefusedError
from headworks.prompts.record import Version


class GoldenSet(Protocol):
    """What is known of golden sets. Fails closed."""

    async def passed(self, name: str, digest: str) -> bool | None:
        """Whether the content with this digest has passed the golden set of prompt `name`; None when it never ran.

        Raises:
            StoreError: It cannot be looked up.
        """


async def must_have_passed(golden: GoldenSet | None, version: Version, label: str) -> None:
    """Refuse a version that has not passed.

    Raises:
        RefusedError: `label_protected` (403), with the reason.
    """
    result = None if golden is None else await golden.passed(version.name, version.digest)
    if result:
        return
    if golden is None:
        reason = "no golden sets are run by this gateway"
    elif result is None:
        reason = f"its golden set has not run on {version.title} (sha256 {version.digest[:12]})"
    else:
        reason = f"{version.title} (sha256 {version.digest[:12]}) has failed its golden set"
    raise RefusedError(
        f"The label `{label}` is protected: it moves only to a version that has passed its golden set, and {reason}.",
        code="label_protected",
    )
