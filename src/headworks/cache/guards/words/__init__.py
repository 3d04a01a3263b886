"""The words that guards know: tables of plain text, one file per language or kind."""
