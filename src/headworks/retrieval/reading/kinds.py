"""Which reader a file needs, by the end of its name."""

from pathlib import PurePath

KINDS = {
    "markdown": ("md", "markdown", "mdx"),
    "text": ("txt", "text", "rst", "adoc", "org", "tex", "log"),
    "html": ("html", "htm", "xhtml"),
    "pdf": ("pdf",),
    "docx": ("docx",),
    "csv": ("csv", "tsv"),
    "jsonl": ("jsonl", "ndjson"),
    "code": (
        *("py", "pyi", "js", "mjs", "ts", "tsx", "jsx", "java", "kt", "go", "rs", "c", "h", "cc", "cpp", "hpp", "cs"),
        *("rb", "php", "swift", "scala", "sh", "bash", "ps1", "sql", "r", "lua", "pl", "ex", "hs", "proto", "css"),
        *("json", "yaml", "yml", "toml", "ini", "cfg", "conf", "xml", "tf", "dockerfile", "vue"),
    ),
}
_BY_SUFFIX = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
_PLAIN_NAMES = {"readme", "license", "changelog", "makefile", "dockerfile", "notice", "authors"}


def kind_of(name: str) -> str | None:
    """Name of the reader; None for files that nobody here reads."""
    path = PurePath(name)
    if not path.suffix:
        return "text" if path.name.lower() in _PLAIN_NAMES else None
    return _BY_SUFFIX.get(path.suffix[1:].lower())
