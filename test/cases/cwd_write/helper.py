import os


def beside():
    with open(os.path.join(os.path.dirname(__file__), "conf.txt")) as file:
        return file.read().strip()
