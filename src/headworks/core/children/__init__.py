"""Child processes of ours: how they are started, and what they do first."""
