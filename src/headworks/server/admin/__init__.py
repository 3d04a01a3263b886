"""The admin API, `/admin/v1/...`: keys, traces, config, health, game days, explain.

In: an HTTP request with the admin key. Out: JSON, and for every fault a JSON error with a code. Fails closed: before
the key is checked nothing is parsed, and FastAPI is not even loaded.
"""

from headworks.server.admin.door import admin_app
from headworks.server.admin.rooms import AdminRooms

__all__ = ["AdminRooms", "admin_app"]
