"""From one component of a conductor session to the next, and from one session to another."""
