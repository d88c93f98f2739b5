import requests


def both():
    import requests as again
    import metaflow

    return {"mine": [requests.X, again.X], "theirs": hasattr(metaflow, "FlowSpec")}
