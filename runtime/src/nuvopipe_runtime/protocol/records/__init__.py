"""What a container remembers of the records it has read."""
