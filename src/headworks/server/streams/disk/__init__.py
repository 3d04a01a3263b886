"""Streams on disk: segment files of batches, their writer, their readers, and what is deleted when. Runs in threads."""
