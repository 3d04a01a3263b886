"""Files as text: each kind has its reader, all run in a child process that a bad file may bring down.

In goes a path, out come documents cut into pieces, or a sentence on what is wrong with the file.
"""
