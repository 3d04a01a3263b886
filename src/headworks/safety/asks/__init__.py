"""What a client asks, walked through and changed in its own bytes."""
