"""Which calls are looked up, and under which key.

In goes an ask with its route, out comes its key, or why it is kept out. Pure.
"""

from headworks.cache.admission.gate import Admission, Barred, Outlook, unwanted

__all__ = ["Admission", "Barred", "Outlook", "unwanted"]
