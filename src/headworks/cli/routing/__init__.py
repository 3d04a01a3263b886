"""Commands on routing: train classifiers and forecasts on your own material, measure them, and tag a prompt."""
