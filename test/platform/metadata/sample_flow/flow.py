import sys

from metaflow import FlowSpec, Parameter, step


class SampleFlow(FlowSpec):
    prefix = Parameter("prefix", default="The")
    fail = Parameter("fail", type=bool, default=False)

    @step
    def start(self):
        self.titles = ["Näme", "Ünïcode", "Plain"]
        print("starting", self.prefix)
        print("to stderr", file=sys.stderr)
        self.next(self.shout, foreach="titles")

    @step
    def shout(self):
        self.loud = f"{self.prefix} {self.input}!"
        print(self.loud)
        self.next(self.collect)

    @step
    def collect(self, inputs):
        if self.fail_asked(inputs):
            raise ValueError("asked to fail")
        self.shouted = [i.loud for i in inputs]
        self.next(self.fork)

    def fail_asked(self, inputs):
        return inputs[0].fail

    @step
    def fork(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.side = "left"
        self.next(self.choose)

    @step
    def right(self):
        self.side = "right"
        self.next(self.choose)

    @step
    def choose(self, inputs):
        self.sides = [i.side for i in inputs]
        self.shouted = inputs[0].shouted
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SampleFlow()
