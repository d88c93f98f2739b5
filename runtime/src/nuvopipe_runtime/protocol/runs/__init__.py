"""A run as a whole: its admission, its beginning, its end, its recovery."""
