"""Intervals that hold at all times together, so that one may look as often as one likes and stop whenever one likes.

Asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory
and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, arXiv:2103.06476; their interval for means of
equally distributed values, and their choice of rho for a sample size. Underneath is Robbins' mixture of likelihood
ratios over a normal distribution; the bound to one side mixes over half of one.

Their time is the number of users. Users come back, so earlier users' sums go on changing: their calls agree with each
other rather than not, so the statistic of one look tells more of the next than that of a Brownian motion would. By
Slepian's inequality it then leaves the boundary no more often.
"""

import math


def _rho_squared(alpha: float, planned: int) -> float:
    """For intervals that are narrowest at `planned` users."""
    spent = -2 * math.log(alpha)
    return (spent + math.log(spent + 1)) / planned


def two_sided(users: float, alpha: float, planned: int) -> float:
    """How many standard errors an interval reaches to each side.

    Args:
        users: Seen so far; more than 0.
        alpha: How often the truth may be outside at any time, between 0 and 1.
        planned: For so many users it is narrowest. Must not depend on what is seen.
    """
    time = users * _rho_squared(alpha, planned)
    return math.sqrt(2 * (time + 1) / time * math.log(math.sqrt(time + 1) / alpha))


def one_sided(users: float, alpha: float, planned: int) -> float:
    """How many standard errors a bound lies below the estimate; arguments as of `two_sided`.

    The mixture over the half normal distribution is 2 exp(z^2/2) Phi(z) / sqrt(time + 1), where z^2 is the squared
    statistic times time / (time + 1). With Phi(z) >= 1 - exp(-z^2/2) / 2 it exceeds 1/alpha where this bound does.
    """
    time = users * _rho_squared(alpha, planned)
    return math.sqrt(2 * (time + 1) / time * math.log((1 + math.sqrt(time + 1) / alpha) / 2))


def log_mismatch(counts: list[int], shares: list[float], weight: float = 500.0) -> float:
    """How much the counts speak against the shares: the logarithm of a Bayes factor, 0 for nothing.

    Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022, arXiv:2011.03567: a Dirichlet
    mixture over shares against the ones that were meant. If they hold, it ever exceeds log(1/u) with probability u at
    most, however often one looks. Shares of 0 are left out.

    Args:
        counts: Users seen, by variant.
        shares: Which share each should get, adding up to 1.
        weight: How near to `shares` the mixture stays: as if so many users had been seen before.
    """
    found = math.lgamma(weight) - math.lgamma(weight + sum(counts))
    for count, share in zip(counts, shares, strict=True):
        if share > 0:
            found += math.lgamma(weight * share + count) - math.lgamma(weight * share) - count * math.log(share)
    return found


def users_needed(
    effect: float, spread: float, shares: tuple[float, float], alpha: float, power_z: float = 0.8416
) -> int:
    """Users of both variants together, by whom a difference is found with a power of 0.8, at the latest.

    Args:
        effect: The true difference.
        spread: Variance of one user's value; of a rate p with one opinion each p(1-p).
        shares: Of the two variants among all users, adding up to at most 1; the users are those of these two.
        alpha: Two-sided.
        power_z: The quantile of the normal distribution at the power.
    """
    all_of = sum(shares)
    variance = spread * (all_of / shares[0] + all_of / shares[1])
    reach = two_sided(1.0, alpha, 1) + power_z  # at the planned number the reach depends on alpha alone
    return math.ceil(variance * (reach / effect) ** 2)
