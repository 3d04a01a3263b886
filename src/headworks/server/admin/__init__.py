"""The admin API, `/admin/v1/...`: keys, traces, the config in force, and what would happen to a request.

In: an HTTP request with the admin key. Out: JSON, and for every fault a JSON error with a code. Fails closed: before
the key is checked nothing is parsed, and FastAPI is not even loaded.
"""

from headworks.server.admin.door import admin_app

__all__ = ["admin_app"]
