"""Whether a release of a feature can be tried at all."""

from headworks.config.settings import Config
from headworks.flags.experiments import Release
from headworks.prompts.registry.registry import Registry
from headworks.prompts.room import complaint


def release_complaint(config: Config, prompts: Registry, release: Release) -> str | None:
    """Why a release cannot be tried, as a sentence; None when it can."""
    models = config.models
    if release.model is not None and models is not None and release.model not in models:
        return f"the config has no model `{release.model}`."
    if release.prompt is not None and (fault := complaint(prompts, release.prompt)):
        return fault
    if release.retrieval or release.safety is not None:
        return "retrieval and safety are not part of a release yet."
    return None
