"""The config: one YAML file or none, read once, checked as a whole, turned into what the rooms need.

In goes a path and the environment; out comes a `Config`, or a `ConfigError` that lists every problem with its line and
column. Fails closed: a config with any problem is not used. Secrets never leave it but in `links`.
"""

from headworks.config.environment import config_path, find_config, from_environment
from headworks.config.loader import load
from headworks.config.problems import ConfigError, Problem
from headworks.config.settings import Config, Feature, schema
from headworks.config.wiring import by_meaning, links, local_settings, named_models, place, price_list, router, rules

__all__ = [
    "Config",
    "ConfigError",
    "Feature",
    "Problem",
    "by_meaning",
    "config_path",
    "find_config",
    "from_environment",
    "links",
    "load",
    "local_settings",
    "named_models",
    "place",
    "price_list",
    "router",
    "rules",
    "schema",
]
