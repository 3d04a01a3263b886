"""The guard of direction: the same words, and who does what to whom turned round.

"From A to B" and "from B to A", "does A like B" and "does B like A". "A and B", "A vs B" and "between A and B" may
be turned.
"""

from itertools import pairwise

from headworks.cache.guards.reading import Reading

_MOST_WORDS = 40


def turned(a: Reading, b: Reading) -> bool:
    """Whether words that both have stand in each other's places."""
    if a.words == b.words and a.marks == b.marks:
        return False
    places_a, places_b = _places(a), _places(b)
    both = [word for word in places_a if word in places_b]
    marks = [(a.marks[places_a[word]].lower(), b.marks[places_b[word]].lower()) for word in both]
    if _swapped(marks):
        return True
    order_a = [places_a[word] for word in both]
    order_b = [places_b[word] for word in both]
    if all(x < y for x, y in pairwise(order_b)):
        return False
    return len(both) > _MOST_WORDS or _around(order_a, order_b, marks)


def _places(reading: Reading) -> dict[str, int]:
    """Word -> place, of the words that stand there once."""
    words = reading.words
    return {word: place for place, word in enumerate(words) if words.count(word) == 1}


def _swapped(marks: list[tuple[str, str]]) -> bool:
    """One word went from relation p to q, and another from q to p."""
    moves = {move for move in marks if move[0] != move[1]}
    return any((after, before) in moves for before, after in moves)


def _around(order_a: list[int], order_b: list[int], marks: list[tuple[str, str]]) -> bool:
    """Some word has one before and one after it, in one relation, that changed sides."""
    count = range(len(order_a))
    for pivot in count:
        behind = {marks[k] for k in count if order_a[k] < order_a[pivot] and order_b[k] > order_b[pivot]}
        ahead = {marks[k] for k in count if order_a[k] > order_a[pivot] and order_b[k] < order_b[pivot]}
        if behind & ahead:
            return True
    return False
