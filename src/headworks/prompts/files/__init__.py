"""Prompt files: YAML front matter between two lines of `---`, and the template after it.

In: a file's name and text. Out: a `File`, or an error with the file and the line. Nothing is executed, no alias is
followed, and depth and size have an end.
"""

from headworks.prompts.files.reading import MAX_SOURCE, File, read_file

__all__ = ["MAX_SOURCE", "File", "read_file"]
