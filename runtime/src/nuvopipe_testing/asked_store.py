"""A store of which each request is one call, so that whoever answers can delay it, fail it, or search through all orders."""

from concurrent.futures import Future

from nuvopipe_runtime.store import Store

READS = ("get", "exists", "list", "list_stem", "names")
CONDITIONAL = ("create", "replace")


class AskedStore(Store):
    """`ask(operation, key, *arguments)` answers each request as the method of `Store` named `operation` does.

    Requests are made one after another: there are no threads.
    """

    def __init__(self, ask, root, secret=""):
        self._ask = ask
        self._secret = secret.encode()
        self.root = root

    def put(self, key, data, attributes=None):
        return self._ask("put", key, data, attributes)

    def create(self, key, data):
        return self._ask("create", key, data)

    def replace(self, key, data, e_tag):
        return self._ask("replace", key, data, e_tag)

    def get(self, key):
        return self._ask("get", key)

    def exists(self, key):
        return self._ask("exists", key)

    def copy(self, source, key):
        return self._ask("copy", source, key)

    def delete(self, key):
        return self._ask("delete", key)

    def list(self, prefix):
        return self._ask("list", prefix)

    def list_stem(self, stem):
        return self._ask("list_stem", stem)

    def names(self, prefix):
        return self._ask("names", prefix)

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def parallel(self, calls):
        results, errors = [], []
        for function, *arguments in calls:
            try:
                results.append(function(*arguments))
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return results
