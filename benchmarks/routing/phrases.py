"""Wordings that turn plain material into what people ask."""

CLASSIFY = (
    "Classify the following message into one of these categories: {labels}.\n\n{text}",
    "Which label fits? Labels: {labels}\nText: {text}\nLabel:",
    'You are an intent classifier. Intents: {labels}. Reply with one.\n"{text}"',
    "{text}\n\nIs this about {labels}? Answer with one of them.",
)
LANGUAGES = (
    "Python", "JavaScript", "TypeScript", "Java", "Go", "Rust", "C", "C++", "C#", "Ruby", "PHP", "Swift", "Kotlin",
    "Scala", "Bash", "SQL", "R", "Perl", "Haskell", "Lua",
)  # fmt: skip
CODE = (
    "Write a {language} function that does this: {task}.",
    "write code in {language} to {task}",
    "How do I {task} in {language}?",
    "I need a {language} method that will {task}. Please include error handling and unit tests.",
    "Implement `{name}` in {language}. It should {task}.",
    "Explain what this code does:\n\n{source}",
    "Find the bug in this function and fix it.\n\n{source}",
    "{source}\n\nRefactor this to be easier to read.",
    "Translate this Python into {language}:\n{source}",
    "Write unit tests for the following.\n\n{source}",
    "Add type hints and a docstring:\n\n{source}",
    "Complete the function.\n\n{head}",
    "{head}",
    "{head}    # your code here\n",
    "Create a class in {language} with a method `{name}` to {task}.",
    "My program throws an exception when it calls {name}(). What is wrong?\n\n{source}",
    "What is the output of this snippet?\n{source}",
    "Give me a {language} script: {task}. No explanation, only code.",
    "Review this pull request. {name} should {task}.\n\n{source}",
    "A function should {task}. Which data structure would you use in {language}, and what is its complexity?",
)
MATHS = (
    "Prove that $\\sqrt{{{a}}}$ is irrational.",
    "Let $f(x) = {a}x^{b} - {c}x$. Find all local extrema of $f$ and justify your answer.",
    "Evaluate \\int_0^{a} x^{b} e^{{-{c}x}} dx.",
    "Suppose $G$ is a group of order ${a}$. Show that it has an element of order ${b}$, or give a counterexample.",
    "If $\\gcd(a, {a}) = 1$ then $a^{{{b}}} \\equiv 1 \\pmod {{{c}}}$. Is this theorem true? Prove or disprove it.",
    "Let $V$ be a vector space of dimension ${a}$ over $\\mathbb{{R}}$ and $T : V \\to V$ linear with $T^{b} = 0$.",
    "For any integer $n \\geq {a}$, the sum $\\sum_{{k=1}}^n k^{b}$ is at most $n^{{{c}}}$. Is it?",
    "Three of {a} workers finish a wall in {b} days. How long would {c} workers take? Show each step.",
    "A train leaves at {a}:15 at {b}0 km/h, another {c} minutes later at {b}5 km/h. When does the second catch up?",
    "A bag has {a} red and {b} blue balls. {c} are drawn without replacement. What is the chance that all are red?",
    "Plan a round trip through {a} cities within {b} days and a budget of {c}00 euros, and explain the trade-offs.",
    "All blorps are snarks. Some snarks are not {a}-legged. Does it follow that some blorps are not?",
    "Ann is older than Bob, Bob is {a} years younger than Cleo, and together they are {b}{c}. How old is each of them?",
    "Which of {a} suspects lied, if exactly {b} statements are true? Explain your deduction.",
    "A loan of {a}0000 at {b}.5% is paid back over {c} years. Derive the monthly payment and compare it with renting.",
    "Weigh the arguments for and against moving {a} services to one database, and recommend one with reasons.",
    "Find the next term: {a}, {b}, {c}, ... and explain the rule.",
    "Show that the limit of $(1 + {a}/n)^{{{b}n}}$ exists, and compute it.",
    "Solve for x: {a}x^2 - {b}x + {c} = 0",
    "Balance this equation and compute the mass of the product from {a} g: Fe + O2 -> Fe2O3",
)
SQL = (
    "Write a SQL query for this question. Tables after the bars.\n{text}",
    "{text}\nGive me the SQL.",
    "Schema and question: {text}\nAnswer with a SELECT statement.",
    "Translate into SQL: {text}",
    "Database question with its columns: {text}\nWhat query answers it?",
)
LINES = ("What does this line do?\n{text}", "Describe the following line of Python: {text}")
LONG = (
    "Summarise the following document in five sentences.\n\n{text}",
    "{text}\n\nWhat are the main points of this text?",
    "Read the report below and answer: what was found, and how?\n\n{text}",
    "Here is a document:\n\n{text}\n\nList everything it requires of the reader.",
    "Using only the text below, write a briefing for a manager.\n---\n{text}\n---",
    "Compare the sections of this text and point out where they disagree.\n\n{text}",
    "Which obligations follow from this contract?\n\n{text}",
    "{text}\n\nExplain in plain words what I may and may not do.",
    "Please give me an executive summary of this chapter: {text}",
    "<document>\n{text}\n</document>\nWhat would a newcomer have to know from it?",
)
