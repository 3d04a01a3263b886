"""Is it on, for whom, and what answers when it is not: kill switches, the degradation ladder, flags and experiments.

In: an ask, its caller and its route. Out: the route as it may be gone, or an answer of the ladder. Switches fail to
what was last known: they are read from memory, and stand while their store is away. What is off is refused
(`feature_disabled`), unless the feature's ladder has an answer.
"""
