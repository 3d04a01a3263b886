"""What the model answers, screened while it is being written."""
