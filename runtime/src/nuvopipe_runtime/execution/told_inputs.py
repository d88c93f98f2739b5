"""How a task is told of its inputs: by their records, of which those of one step say much the same."""


def tell(records):
    """What a request says of them. A description of an artifact that several records share is sent once."""
    numbers, descriptions = {}, []

    def number(description):
        if id(description) not in numbers:
            numbers[id(description)] = len(descriptions)
            descriptions.append(description)
        return numbers[id(description)]

    inputs = [
        {
            "path": f"{record['run']}/{record['step']}/{record['task']}/{record['attempt']}",
            "objects": record["objects"],
            "info": {name: number(description) for name, description in record["info"].items()},
        }
        for record in records
    ]
    return {"inputs": inputs, "descriptions": descriptions}


def hear(request):
    """By path (`run/step/task/attempt`), in order, what Metaflow would read from each input's `data.json`.

    Takes it out of the request, so that it is not kept twice.
    """
    descriptions = request.pop("descriptions")
    return {
        told["path"]: {
            "objects": told["objects"],
            "info": {name: descriptions[number] for name, number in told["info"].items()},
        }
        for told in request.pop("inputs")
    }
