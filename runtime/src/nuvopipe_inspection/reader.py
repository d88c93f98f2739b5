"""Finds what a step's code does with self, with inputs, and with names."""

from __future__ import annotations

import ast
import builtins
import sys
from functools import partial

from literals import literal, text_of, texts_of

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but without importing typing, which takes time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any, TypeGuard

    from answers import Answer, Assignment, InputRead, Merge, Place, Read, UnknownName

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

# Functions that neither change nor keep their arguments.
READERS = {
    *("abs", "all", "any", "bool", "float", "format", "hash", "id", "int", "isinstance", "len", "max", "min", "print", "range"),
    *("repr", "round", "str", "sum", "type"),
}

# Functions that read or change attributes and variables whose names are not in the code.
REFLECTION = {"eval", "exec", "globals", "locals", "vars"}

# Includes builtins of later Python versions than the one that executes this, and names in every module of a flow.
NAMES = {
    *dir(builtins),
    *("BaseExceptionGroup", "EncodingWarning", "ExceptionGroup", "PythonFinalizationError", "aiter", "anext"),
    *("metaflow", "self"),
}

# Exceptions whose handlers catch the failed read of an attribute or a name.
CATCH_ATTRIBUTE = {"AttributeError", "BaseException", "Exception"}
CATCH_NAME = {"NameError", "BaseException", "Exception"}


def is_of_self(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


class Reader:
    """
    Walks code in the order in which it runs, and collects what it does with self, with inputs, and with names. It reports
    only what is certain: an attribute that only some paths set counts as set.
    """

    def __init__(self, code: str) -> None:
        self.lines = code.split("\n")
        self.sets: list[Assignment] = []
        self.reads: list[Read] = []
        self.mentions: set[str] = set()  # all attributes that are read
        self.touched: set[str] = set()  # attributes whose value may be changed in place
        self.names: list[UnknownName] = []
        self.inputs: list[InputRead] = []
        self.merges: list[Merge] = []
        self.merged = False  # all attributes that the inputs agree on have been set
        self.any = False  # any attribute may be set
        self.dynamic = False  # variables may be defined elsewhere
        self.next: Place | None = None
        self.stops: Place | None = None  # whether there is a yield or await
        self.calls = False  # whether it calls something whose result may differ the next time
        self.have: set[str] = set()
        self.known: set[str] = set()
        self.later: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda] = []  # functions that run at an unknown time
        self.items: dict[str, int] = {}  # loop variables over inputs, with the number of such loops
        self.sure = True
        self.guarded = 0
        self.names_guarded = 0
        self.depth = 0

    def read_body(self, statements: Sequence[ast.stmt]) -> None:
        self.define(statements)
        for node in statements:
            self.visit(node)
        self.finish()

    def read_expression(self, node: ast.expr) -> None:
        self.define([node])
        self.visit(node, True)
        self.finish()

    def finish(self) -> None:
        while self.later:
            later, self.later = self.later, []
            self.depth += 1
            for node in later:
                for part in node.body if isinstance(node.body, list) else [node.body]:
                    self.visit(part)
            self.depth -= 1

    def define(self, statements: Iterable[ast.AST]) -> None:
        """Collects the names that the code binds anywhere, and the attributes that it checks before it reads them."""
        for statement in statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name):
                    if not isinstance(node.ctx, ast.Load):
                        self.known.add(node.id)
                elif isinstance(node, ast.arg):
                    self.known.add(node.arg)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    self.known.add(node.name)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    for alias in node.names:
                        self.known.add((alias.asname or alias.name).split(".")[0])
                elif isinstance(node, ast.Call):
                    self.ask(node)
                else:  # `except … as name`, and patterns
                    self.known.update(
                        name for name in (getattr(node, "name", None), getattr(node, "rest", None)) if isinstance(name, str)
                    )

    def ask(self, node: ast.Call) -> None:
        """Notes attributes checked by `hasattr(x, "name")` or `getattr(x, "name", default)`."""
        function = node.func.id if isinstance(node.func, ast.Name) else None
        if (function == "hasattr" and len(node.args) == 2) or (function == "getattr" and len(node.args) == 3):
            name = text_of(node.args[1])
            if name is not None:
                self.have.add(name)

    def place(self, node: ast.expr) -> Place:
        def column(line: int, offset: int) -> int:
            text = self.lines[line - 1]
            return (offset if text.isascii() else len(text.encode("utf-8")[:offset].decode("utf-8"))) + 1

        first, last, end = node.lineno, node.end_lineno, node.end_col_offset
        assert last is not None and end is not None, "a parsed tree has all places"
        return [first, column(first, node.col_offset), last, column(last, end)]

    def visit(self, node: ast.AST, safe: bool = False) -> None:
        """Visits a node. `safe`: the node's value is not changed in place."""
        method = METHODS.get(type(node))
        if method:
            method(self, node, safe)
        else:
            self.children(node)

    def children(self, node: ast.AST, safe: bool = False) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child, safe)

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def perhaps(self, *nodes: ast.AST, safe: bool = False) -> None:
        """Visits code that does not run on every path."""
        sure, self.sure = self.sure, False
        for node in nodes:
            self.visit(node, safe)
        self.sure = sure

    def read(self, name: str, node: ast.expr, safe: bool) -> None:
        self.mentions.add(name)
        if not safe:
            self.touched.add(name)
        if name.startswith("__") and name != "__class__":
            self.any = True
        elif name not in self.have and not self.guarded and not self.merged:
            self.reads.append({"name": name, "at": self.place(node), "sure": self.sure and not self.depth})

    def set(self, name: str, node: ast.expr, value: ast.expr | None = None) -> None:
        self.have.add(name)
        self.sets.append({"name": name, "at": self.place(node), "literal": literal(value) if value else None})

    def attribute(self, node: ast.Attribute, safe: bool) -> None:
        value = node.value
        if is_of_self(node):
            if isinstance(node.ctx, ast.Store):
                self.set(node.attr, node)
            elif isinstance(node.ctx, ast.Load):
                self.any = self.any or node.attr == "merge_artifacts"
                self.read(node.attr, node, safe)
            return
        if isinstance(node.ctx, ast.Load) and not self.guarded and node.attr not in self.have:
            step = value.attr if isinstance(value, ast.Attribute) and self.is_inputs(value.value) else None
            one = isinstance(value, ast.Subscript) and self.is_inputs(value.value)
            each = isinstance(value, ast.Name) and self.items.get(value.id, 0) > 0
            if step is not None or one or each:
                self.inputs.append({"name": node.attr, "at": self.place(node), "step": step, "each": each})
            elif self.is_inputs(value) and node.attr != "flows":
                self.inputs.append({"name": None, "at": self.place(node), "step": node.attr, "each": False})
        self.visit(value, safe or (isinstance(value, ast.Attribute) and self.is_inputs(value.value)))

    def is_inputs(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == "inputs" and "inputs" not in self.known

    def name(self, node: ast.Name, _: bool) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        if node.id == "self":
            self.any = True
        elif node.id in REFLECTION and node.id not in self.known:
            self.any = self.dynamic = True
        elif node.id not in self.known and node.id not in NAMES and not self.names_guarded and node.id[:2] != "__":
            found: UnknownName = {"name": node.id, "at": self.place(node)}
            if node.id in getattr(sys, "stdlib_module_names", ()):
                found["library"] = True
            self.names.append(found)

    def assign(self, node: ast.Assign, _: bool) -> None:
        self.visit(node.value)
        for target in node.targets:
            if is_of_self(target):
                self.set(target.attr, target, node.value)
            else:
                self.visit(target)

    def aug_assign(self, node: ast.AugAssign, _: bool) -> None:
        target = node.target
        if is_of_self(target):
            self.read(target.attr, target, True)
            self.visit(node.value)
            self.set(target.attr, target)
        else:
            self.visit(target)
            self.visit(node.value)

    def ann_assign(self, node: ast.AnnAssign, _: bool) -> None:
        if node.value is None:
            return
        self.visit(node.value)
        if is_of_self(node.target):
            self.set(node.target.attr, node.target, node.value)
        else:
            self.visit(node.target)

    def delete(self, node: ast.Delete, _: bool) -> None:
        for target in node.targets:
            if not is_of_self(target):
                self.visit(target)

    def loop(self, node: ast.For | ast.AsyncFor | ast.While, _: bool) -> None:
        # The second turn finds what the first has set.
        ahead = {child.attr for child in ast.walk(node) if is_of_self(child) and isinstance(child.ctx, ast.Store)}
        item = None
        if isinstance(node, ast.While):
            self.have |= ahead
            self.visit(node.test, True)
        else:
            self.visit(node.iter)
            self.have |= ahead
            self.visit(node.target)
            item = node.target.id if self.is_inputs(node.iter) and isinstance(node.target, ast.Name) else None
        self.over_items(item, lambda: self.perhaps(*node.body))
        self.perhaps(*node.orelse)

    def over_items(self, item: str | None, read: Callable[[], object]) -> None:
        if item is not None:
            self.items[item] = self.items.get(item, 0) + 1
        read()
        if item is not None:
            self.items[item] -= 1

    def condition(self, node: ast.If | ast.IfExp, safe: bool) -> None:
        self.visit(node.test, True)
        if isinstance(node, ast.IfExp):
            self.perhaps(node.body, node.orelse, safe=safe)
        else:
            self.perhaps(*node.body, *node.orelse)

    def attempt(self, node: ast.Try, _: bool) -> None:
        caught: set[str] = set()
        for handler in node.handlers:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            caught.update("Exception" if kind is None else getattr(kind, "id", "Exception") for kind in kinds)
        self.within_guards(caught, lambda: self.visit_all(node.body))
        self.perhaps(*node.handlers, *node.orelse)
        for child in node.finalbody:
            self.visit(child)

    def within_guards(self, caught: AbstractSet[str], read: Callable[[], object]) -> None:
        attribute, name = bool(caught & CATCH_ATTRIBUTE), bool(caught & CATCH_NAME)
        self.guarded += attribute
        self.names_guarded += name
        read()
        self.guarded -= attribute
        self.names_guarded -= name

    def with_items(self, node: ast.With | ast.AsyncWith, _: bool) -> None:
        suppressed: set[str] = set()
        for item in node.items:
            self.visit(item)
            call = item.context_expr
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", None)) == "suppress":
                suppressed.update(getattr(kind, "id", "Exception") for kind in call.args)
        self.within_guards(suppressed, lambda: self.visit_all(node.body))

    def match(self, node: ast.Match, _: bool) -> None:
        self.visit(node.subject)
        self.perhaps(*node.cases)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, _: bool) -> None:
        arguments = node.args
        for default in [*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", [])]:
            if default is not None:
                self.visit(default)
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if any(argument.arg == "self" for argument in named):
            return
        for child in ast.walk(node):
            if is_of_self(child) and isinstance(child.ctx, ast.Store):
                self.have.add(child.attr)
        self.later.append(node)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, _: bool) -> None:
        items = [
            generator.target.id
            for generator in node.generators
            if self.is_inputs(generator.iter) and isinstance(generator.target, ast.Name)
        ]
        for item in items:
            self.items[item] = self.items.get(item, 0) + 1
        first, *others = node.generators
        self.visit(first.iter)
        self.perhaps(first.target, *first.ifs, *others)
        self.perhaps(*[part for part in (getattr(node, field, None) for field in ("elt", "key", "value")) if part])
        for item in items:
            self.items[item] -= 1

    def call(self, node: ast.Call, _: bool) -> None:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else None
        if name in ("getattr", "hasattr", "setattr") and self.reflect(name, node):
            return
        if is_of_self(function) and function.attr == "next":
            self.next = self.next or self.place(node)
        if is_of_self(function) and function.attr == "merge_artifacts":
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            include = texts_of(keywords["include"]) if "include" in keywords else None
            exclude = texts_of(keywords["exclude"]) if "exclude" in keywords else []
            self.merges.append({"at": self.place(node), "include": include, "exclude": exclude})
            self.have.update(include or [])
            self.merged = self.merged or include is None
        else:
            self.calls = self.calls or name not in READERS
            self.visit(function)
        safe = name in READERS
        over_inputs = any(self.is_inputs(argument) for argument in node.args)
        for argument in node.args:
            self.visit(argument, safe)
        for keyword in node.keywords:
            value = keyword.value
            if over_inputs and keyword.arg == "key" and isinstance(value, ast.Lambda) and len(value.args.args) == 1:
                self.over_items(value.args.args[0].arg, partial(self.perhaps, value.body))
            else:
                self.visit(value, safe)

    def reflect(self, name: str, node: ast.Call) -> bool:
        """Handles getattr, hasattr and setattr of self with a literal name."""
        attribute = text_of(node.args[1]) if len(node.args) > 1 else None
        if attribute is None or not isinstance(node.args[0], ast.Name) or node.args[0].id != "self":
            return False
        if name == "setattr":
            for argument in node.args[2:]:
                self.visit(argument)
            self.set(attribute, node)
        elif name == "getattr":
            self.read(attribute, node, False)
            for argument in node.args[2:]:
                self.visit(argument)
        return True

    def short_circuit(self, node: ast.BoolOp, _: bool) -> None:
        self.visit(node.values[0])
        self.perhaps(*node.values[1:])

    def compare(self, node: ast.Compare, _: bool) -> None:
        self.visit(node.left, True)
        self.visit(node.comparators[0], True)
        self.perhaps(*node.comparators[1:], safe=True)

    def stop(self, node: ast.Yield | ast.YieldFrom | ast.Await, _: bool) -> None:
        if not self.depth:
            self.stops = self.stops or self.place(node)
        self.children(node)

    def class_body(self, node: ast.ClassDef, _: bool) -> None:
        self.children(node)

    def operands(self, node: ast.AST, _: bool) -> None:
        self.children(node, True)

    def part(self, node: ast.Subscript, safe: bool) -> None:
        self.visit(node.value, safe and isinstance(node.ctx, ast.Load))
        self.visit(node.slice, True)

    def statement(self, node: ast.Expr, _: bool) -> None:
        self.visit(node.value, True)

    def answer(self) -> Answer:
        found = {
            "sets": self.sets,
            "reads": self.reads,
            "mentions": sorted(self.mentions),
            "touched": sorted(self.touched),
            "names": [] if self.dynamic else self.names,
            "inputs": self.inputs,
            "merges": self.merges,
            "any": self.any,
            "next": self.next,
            "stops": self.stops,
            "calls": self.calls,
        }
        return {key: value for key, value in found.items() if value}


METHODS: dict[type[ast.AST], Callable[[Reader, Any, bool], None]] = {
    ast.Attribute: Reader.attribute,
    ast.Name: Reader.name,
    ast.Assign: Reader.assign,
    ast.AugAssign: Reader.aug_assign,
    ast.AnnAssign: Reader.ann_assign,
    ast.Delete: Reader.delete,
    ast.For: Reader.loop,
    ast.AsyncFor: Reader.loop,
    ast.While: Reader.loop,
    ast.If: Reader.condition,
    ast.IfExp: Reader.condition,
    ast.Try: Reader.attempt,
    ast.With: Reader.with_items,
    ast.AsyncWith: Reader.with_items,
    ast.FunctionDef: Reader.function,
    ast.AsyncFunctionDef: Reader.function,
    ast.Lambda: Reader.function,
    ast.ClassDef: Reader.class_body,
    ast.Call: Reader.call,
    ast.BoolOp: Reader.short_circuit,
    ast.Compare: Reader.compare,
    ast.Yield: Reader.stop,
    ast.YieldFrom: Reader.stop,
    ast.Await: Reader.stop,
    ast.BinOp: Reader.operands,
    ast.UnaryOp: Reader.operands,
    ast.FormattedValue: Reader.operands,
    ast.JoinedStr: Reader.operands,
    ast.Subscript: Reader.part,
    ast.Expr: Reader.statement,
}
METHODS.update(dict.fromkeys(COMPREHENSIONS, Reader.comprehension))
if hasattr(ast, "Match"):
    METHODS[ast.Match] = Reader.match
if hasattr(ast, "TryStar"):
    METHODS[ast.TryStar] = Reader.attempt
