def shout(title, prefix):
    """One title, loud."""
    return {"loud": f"{prefix}: {title.upper()}!"}
