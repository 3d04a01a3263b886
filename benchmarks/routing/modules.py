"""Functions of Python's standard library with their source and what they say of themselves."""

import importlib
import inspect
from pathlib import Path
from types import FunctionType

from msgspec import Struct

_MODULES = (
    "argparse",
    "ast",
    "asyncio.tasks",
    "base64",
    "bdb",
    "bisect",
    "calendar",
    "cmd",
    "code",
    "codecs",
    "collections",
    "colorsys",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "doctest",
    "email.message",
    "email.utils",
    "enum",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "genericpath",
    "getopt",
    "gettext",
    "glob",
    "gzip",
    "heapq",
    "hmac",
    "html.parser",
    "http.client",
    "http.cookies",
    "imaplib",
    "inspect",
    "io",
    "ipaddress",
    "json.decoder",
    "json.encoder",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "logging.handlers",
    "mailbox",
    "mimetypes",
    "numbers",
    "opcode",
    "os",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "py_compile",
    "queue",
    "quopri",
    "random",
    "reprlib",
    "sched",
    "secrets",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "smtplib",
    "socket",
    "socketserver",
    "statistics",
    "string",
    "stringprep",
    "subprocess",
    "sysconfig",
    "tabnanny",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "timeit",
    "token",
    "tokenize",
    "trace",
    "traceback",
    "types",
    "typing",
    "unittest.case",
    "unittest.mock",
    "urllib.parse",
    "urllib.request",
    "uuid",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "wsgiref.headers",
    "xml.dom.minidom",
    "xml.etree.ElementTree",
    "zipapp",
    "zipfile",
)


class Function(Struct, frozen=True):
    """A function: its source, its docstring, and that as a task ("return the ...")."""

    name: str
    source: str
    doc: str
    task: str


def functions() -> list[Function]:
    """All functions and methods of these modules that say what they do."""
    found: dict[str, Function] = {}
    for name in _MODULES:
        module = importlib.import_module(name)
        for owner in (module, *(kind for kind in vars(module).values() if inspect.isclass(kind))):
            for one in vars(owner).values():
                if isinstance(one, FunctionType) and one.__doc__ and one.__module__ == name and _is_written(one):
                    found.setdefault(f"{name}.{one.__qualname__}", _function(one))
    return [one for _, one in sorted(found.items()) if len(one.task) > 20]


def _is_written(one: FunctionType) -> bool:
    """Whether it stands in a file, and was not made by a decorator."""
    return Path(one.__code__.co_filename).is_file()


def _function(one: FunctionType) -> Function:
    doc = one.__doc__ or ""
    first = " ".join(doc.strip().split("\n\n")[0].split())
    source = inspect.getsource(one)
    return Function(one.__name__, inspect.cleandoc(source), doc, (first[:1].lower() + first[1:]).rstrip("."))
