"""How often the semantic cache answers and how often wrongly, on streams made of labelled question pairs.

Run as `python -m benchmarks.semantic --data FOLDER --out FOLDER`. The method and the figures stand in
`docs/semantic-cache.md`.
"""
