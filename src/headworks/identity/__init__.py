"""Who calls: virtual keys, the admin key, and the audit of what was done to them.

In: the key of a request. Out: the `Caller` it stands for, or a refusal that never says which of the possible reasons it
was. Fails closed: an unreadable key store refuses everyone. Of a key only a keyed hash (HMAC-SHA256) is ever kept.
"""

from headworks.identity.pepper import load_pepper
from headworks.identity.records import AuditEntry, CreatedKey, KeyRecord, KeySpec
from headworks.identity.ring import KeyRing

__all__ = ["AuditEntry", "CreatedKey", "KeyRecord", "KeyRing", "KeySpec", "load_pepper"]
