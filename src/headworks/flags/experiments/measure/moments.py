"""Sums over users from which a metric and its uncertainty are worked out, kept up to date call by call.

The metric is a ratio of sums (thumbs up over thumbs); its variance is that of a ratio of means over users, by the delta
method, so that the many calls of one user are not taken for many users (Deng, Knoblich and Lu, "Applying the Delta
Method in Metric Analytics", KDD 2018).
"""


class Moments:
    """Of one metric in one variant: `y` is what is summed, `n` how many calls or opinions.

    Attributes:
        users: How many users have any.
    """

    __slots__ = ("_nn", "_yn", "_yy", "n", "users", "y")

    def __init__(self) -> None:
        self.users = 0
        self.y = self.n = 0.0
        self._yy = self._yn = self._nn = 0.0

    def change(self, before: tuple[float, float], y: float, n: float) -> None:
        """One user's sums grow from `before` (y, n) by `y` and `n`."""
        old_y, old_n = before
        new_y, new_n = old_y + y, old_n + n
        self.users += old_n == 0.0 and new_n > 0.0
        self.y += y
        self.n += n
        self._yy += new_y * new_y - old_y * old_y
        self._yn += new_y * new_n - old_y * old_n
        self._nn += new_n * new_n - old_n * old_n

    @property
    def value(self) -> float | None:
        """The metric; None before the first."""
        return self.y / self.n if self.n else None

    @property
    def counted_users(self) -> float:
        """As how many users these are worth, were all equally busy (Kish): few where one makes most of the calls."""
        return self.n * self.n / self._nn if self._nn else 0.0

    def variance(self, *, rate: bool) -> float:
        """The variance of `value`; needs two users.

        A rate is never taken as more certain than so many independent calls and two more, one of each kind, make it:
        no failure among ten calls is not a proof that there are none.
        """
        ratio = self.y / self.n
        residues = max(self._yy - 2 * ratio * self._yn + ratio * ratio * self._nn, 0.0)
        found = residues * self.users / (self.users - 1) / (self.n * self.n)
        if not rate:
            return found
        careful = (self.y + 1) / (self.n + 2)
        return max(found, careful * (1 - careful) / (self.n + 2))
