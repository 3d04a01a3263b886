"""The board: entries that people change, in a file that workers share, and on a server that nodes share.

In: changes. Out: what stands, from memory, in every worker within a second. Reading never fails: what was last heard of
goes on standing while the file or the server cannot be read. Changing fails closed.
"""

from headworks.storage.board.board import FileBoard
from headworks.storage.board.shared import SharedBoard

__all__ = ["FileBoard", "SharedBoard"]
