"""Wordings that turn plain material into what people ask. Those for learning are not used for measuring."""

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
SQL_LEARN = (
    "Write a SQL query for this question. Tables after the bars.\n{text}",
    "{text}\nGive me the SQL.",
    "Schema and question: {text}\nAnswer with a SELECT statement.",
)
SQL_MEASURE = ("Translate into SQL: {text}", "Database question with its columns: {text}\nWhat query answers it?")
LINES = ("What does this line do?\n{text}", "Describe the following line of Python: {text}")
LONG_LEARN = (
    "Summarise the following document in five sentences.\n\n{text}",
    "{text}\n\nWhat are the main points of this text?",
    "Read the report below and answer: what was found, and how?\n\n{text}",
    "Here is a document:\n\n{text}\n\nList everything it requires of the reader.",
    "Using only the text below, write a briefing for a manager.\n---\n{text}\n---",
    "Compare the sections of this text and point out where they disagree.\n\n{text}",
)
LONG_CHOOSE = (
    "Which obligations follow from this contract?\n\n{text}",
    "{text}\n\nExplain in plain words what I may and may not do.",
)
LONG_MEASURE = (
    "Please give me an executive summary of this chapter: {text}",
    "<document>\n{text}\n</document>\nWhat would a newcomer have to know from it?",
)
