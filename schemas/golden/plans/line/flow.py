# Made by nuvopipe from line.yaml. It runs by itself: python flow.py run

import metaflow


def _run_think(self):
    self.word = 'Hello'


def _run_speak(self):
    self.greeting = f'{self.word}, {self.who}!'


class Line(metaflow.FlowSpec):
    who = metaflow.Parameter("who", type=str, default="world")

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step(start=True)
    def think(self):
        _run_think(self)
        self.next(self.speak)

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step(end=True)
    def speak(self):
        _run_speak(self)


if __name__ == "__main__":
    Line()
