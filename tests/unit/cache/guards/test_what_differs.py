"""Which guard keeps two questions apart, and which pairs none does."""

import msgspec
import pytest

from headworks.cache.guards import Reading, covered, differs, read

APART = {
    "number": [
        ("What is the boiling point at 2000 metres?", "What is the boiling point at 3000 metres?"),
        ("Top five museums in Vienna", "top 6 museums in Vienna"),
        ("How does Python 3.11 handle errors?", "How does Python 3.1 handle errors?"),
        ("new in python 3.10", "new in python 3.1"),
        ("iPhone 15 battery life", "iphone 14 battery life"),
        ("gpt-4 context size", "gpt-3 context size"),
        ("who came second in the race", "who came third in the race"),
        ("What did Henry VIII do?", "What did Henry VII do?"),
        ("What is 5-3?", "What is 3-5?"),
        ("what is 10/2", "what is 2/10"),
        ("events on 2024-01-05", "events on 2024-05-01"),
        ("meeting at 10:30", "meeting at 10:45"),
        ("is 1.5 million enough", "is 2.5 million enough"),
        ("Was geschah 1989 in Leipzig?", "Was geschah 1990 in Leipzig?"),
        ("zwei Beispiele für ein Gedicht", "drei Beispiele für ein Gedicht"),
    ],
    "unit": [
        ("How far is 5 km on foot?", "How far is 5 miles on foot?"),
        ("is 30c warm", "is 30f warm"),
        ("what can i buy for $20", "what can i buy for €20"),
        ("20% of my salary", "20 of my salary"),
        ("is 8 GB enough", "is 8 MB enough"),
    ],
    "date": [
        ("What is open on Monday?", "What is open on Tuesday?"),
        ("weather in oslo today", "weather in oslo tomorrow"),
        ("Sales in March", "Sales in May"),
        ("what happened yesterday", "what happened"),
        ("Was kostet der Eintritt heute?", "Was kostet der Eintritt morgen?"),
    ],
    "negation": [
        ("Which fish can I eat?", "Which fish can't I eat?"),
        ("cooking with salt", "cooking without salt"),
        ("Is the store open?", "Is the store not open?"),
        ("how to smoke", "how to stop smoking"),
        ("all countries that signed", "all countries that never signed"),
        ("Darf ich hier parken?", "Darf ich hier nicht parken?"),
        ("Est-ce que je peux fumer ici ?", "Est-ce que je ne peux pas fumer ici ?"),
        ("¿Puedo comer esto?", "¿No puedo comer esto?"),
        ("Posso mangiare questo?", "Non posso mangiare questo?"),
        ("Posso comer isto?", "Não posso comer isto?"),
    ],
    "opposite": [
        ("How do I enable the firewall?", "How do I disable the firewall?"),
        ("how to open the port", "how to close the port"),
        ("best way to buy gold", "best way to sell gold"),
        ("encrypt a file", "decrypt a file"),
        ("Are these mushrooms edible and healthy?", "Are these mushrooms edible and unhealthy?"),
        ("what to do before surgery", "what to do after surgery"),
        ("the highest mountain", "the lowest mountain"),
        ("is it legal", "is it illegal"),
        ("install the driver", "uninstall the driver"),
        ("allow cookies", "deny cookies"),
        ("add a user", "remove a user"),
        ("more sugar", "less sugar"),
        ("turn it up", "turn it down"),
        ("symmetric key", "asymmetric key"),
    ],
    "kind": [
        ("Why do cats purr?", "How do cats purr?"),
        ("When was Rome founded?", "Where was Rome founded?"),
        ("How many people live there?", "How long do people live there?"),
        ("How old is the tower?", "How tall is the tower?"),
        ("Is popcorn fattening?", "Why is popcorn fattening?"),
        ("Warum fliegt ein Vogel?", "Wohin fliegt ein Vogel?"),
    ],
    "person": [("what is my name", "what is your name")],
    "direction": [
        ("trains from Paris to Rome", "trains from Rome to Paris"),
        ("convert miles to kilometers", "convert kilometers to miles"),
        ("Does Anna like Ben?", "does Ben like Anna"),
        ("Is tea better than coffee?", "Is coffee better than tea?"),
        ("translate this poem from German into Greek", "translate this poem from Greek into German"),
        ("flights from new york to san diego", "flights from san diego to new york"),
        ("Did Google sue Oracle?", "Did Oracle sue Google?"),
        ("Wie komme ich von Berlin nach Köln?", "Wie komme ich von Köln nach Berlin?"),
        ("le train de Paris à Lyon", "le train de Lyon à Paris"),
        ("el tren de Madrid a Sevilla", "el tren de Sevilla a Madrid"),
        ("il treno da Roma a Milano", "il treno da Milano a Roma"),
    ],
    "name": [
        ("Who founded the city of Rome?", "Who founded the city of Carthage?"),
        ("Where in Austria can I ski?", "Where in Australia can I ski?"),
        ("Does the US have a king?", "Does it have a king?"),
        ("Tell me about Ada Lovelace", "Tell me about Ada Byron"),
    ],
    "scope": [("best schools", "best schools in ohio"), ("the price", "the price of gold")],
    "word": [
        ("capital of france", "capital of germany"),
        ("learn java", "learn javascript"),
        ("symptoms of hypertension", "symptoms of hypotension"),
        ("open the file report.pdf", "open the file summary.pdf"),
        ("is ann@example.com valid", "is bob@example.com valid"),
        ("read https://example.com/a1", "read https://example.com/b1"),
        ("what does parse_json do", "what does parse_yaml do"),
        ("die hauptstadt von frankreich", "die hauptstadt von spanien"),
    ],
    "code": [
        ("What does `a + b` do?", "What does `a - b` do?"),
        ("Why does `f(x, y)` fail?", "Why does `f(y, x)` fail?"),
        ("What is 7 + 3?", "What is 7 * 3?"),
        ("explain x == y", "explain x != y"),
        ("Explain ```\nfor i in a: print(i)\n```", "Explain ```\nfor j in a: print(j)\n```"),
    ],
    "language": [
        ("What is the answer to this?", "Was ist die Antwort auf das hier?"),
        ("Where is the station?", "Où est la gare ?"),
        ("What is love?", "Что такое любовь?"),
    ],
    "exact": [
        ("今天天气怎么样", "明天天气怎么样"),
        ("Какая сегодня погода?", "Какая погода сегодня?"),
        ("Gdzie jest najbliższa apteka?", "Gdzie jest najbliższy szpital?"),
    ],
}

ALIKE = [
    ("What is the capital of France?", "what's the capital of france"),
    ("How do I sort a list in Python?", "In Python, how do I sort a list?"),
    ("How can I learn to swim?", "What is the best way to learn to swim?"),
    ("cats vs dogs", "dogs vs cats"),
    ("difference between tcp and udp", "What is the difference between UDP and TCP?"),
    ("two apples", "2 apples"),
    ("twenty-five people", "25 people"),
    ("2.5 million users", "2500000 users"),
    ("5k users", "5,000 users"),
    ("1000 users", "1,000 users"),
    ("5km", "5 kilometers"),
    ("50% off", "50 percent off"),
    ("When did World War II end?", "when did world war 2 end"),
    ("the 1st king", "the first king"),
    ("flights on May 5th", "flights on May 5"),
    ("Is one apple enough?", "Is 1 apple enough?"),
    ("laptops under Rs 50000", "laptops under 50k"),
    ("What movies should I see?", "What films should I watch?"),
    ("Is it good? Why or why not?", "Is it good?"),
    ("How do you tie your shoes?", "How do I tie my shoes?"),
    ("Can I recover a deleted file?", "How can I recover deleted files?"),
    ("don't panic", "dont panic"),
    ("What does “utopia” mean?", 'What does "utopia" mean?'),
    ("Wie spät ist es?", "wie spät ist es"),
    ("今天天气怎么样\uff1f", "今天天气怎么样"),
]


@pytest.mark.parametrize(("guard", "a", "b"), [(guard, *pair) for guard, pairs in APART.items() for pair in pairs])
def test_the_guard_objects_both_ways(guard: str, a: str, b: str) -> None:
    assert (differs(read(a), read(b)), differs(read(b), read(a))) == (guard, guard)


@pytest.mark.parametrize(("a", "b"), ALIKE)
def test_no_guard_objects(a: str, b: str) -> None:
    assert differs(read(a), read(b)) is None


def test_a_reading_packs_small_and_comes_back_the_same() -> None:
    text = "How do I convert 15 kilometers to miles in the latest version of the library that everyone uses at work?"
    packed = msgspec.msgpack.encode(read(text))
    assert len(packed) < 400
    assert msgspec.msgpack.decode(packed, type=Reading) == read(text)


@pytest.mark.parametrize("text", ["What is this?", "Was ist das?", "python list sort", "", "¿Qué es esto?"])
def test_paraphrases_of_these_may_pass(text: str) -> None:
    assert covered(read(text))


@pytest.mark.parametrize("text", ["今天天气", "Gdzie jest to i co to jest?", "что это", "word " * 500, "x" * 20_000])
def test_these_pass_only_as_themselves(text: str) -> None:
    assert not covered(read(text))
    assert differs(read(text), read(text + "  ")) is None
    assert differs(read(text), read(text + " more")) == "exact"
