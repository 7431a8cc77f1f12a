"""A mutation run: change one rule of a module at a time, and see that a test or a history notices.

`python -m tests.simulator.mutate seedpipe/core/lifecycle.py -- tests/core/test_lifecycle.py` makes the
mutants in memory (the file on disk is never touched), runs the named tests and some histories against each,
and lists those that nobody noticed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import os
import sys
from pathlib import Path

_SWAPS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitOr: ast.BitAnd,
}
_HANG_S = 300


class Mutator(ast.NodeTransformer):
    """Makes the `wanted`-th change that can be made; counts them all."""

    def __init__(self, wanted=-1):
        self.wanted = wanted
        self.count = 0
        self.what = ""

    def _now(self, node, what):
        self.count += 1
        if self.count - 1 == self.wanted:
            self.what = f"line {node.lineno}: {what}"
            return True
        return False

    # What no program notices is left alone: types, imports for them, and how values are kept.

    def visit_FunctionDef(self, node):
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_ClassDef(self, node):
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_AnnAssign(self, node):
        node.value = node.value and self.visit(node.value)
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        for place, operator in enumerate(node.ops):
            if (swap := _SWAPS.get(type(operator))) and self._now(
                node, f"{_name(operator)} → {swap.__name__}"
            ):
                node.ops[place] = swap()
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        swap = _SWAPS[type(node.op)]
        if self._now(node, f"{_name(node.op)} → {swap.__name__}"):
            node.op = swap()
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if (swap := _SWAPS.get(type(node.op))) and self._now(node, f"{_name(node.op)} → {swap.__name__}"):
            node.op = swap()
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and self._now(node, "not dropped"):
            return node.operand
        return node

    def visit_If(self, node):
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        for value in (True, False):
            if self._now(node, f"if {value}"):
                node.test = ast.copy_location(ast.Constant(value), node)
        return node

    def visit_Match(self, node):
        self.generic_visit(node)
        for place in range(len(node.cases) - 1, -1, -1):
            case = node.cases[place]
            if len(node.cases) > 1 and self._now(case.pattern, f"case {ast.unparse(case.pattern)} left out"):
                del node.cases[place]
        return node

    def visit_comprehension(self, node):
        self.generic_visit(node)
        for place in range(len(node.ifs) - 1, -1, -1):
            if self._now(node.ifs[place], f"for all, not only if {ast.unparse(node.ifs[place])}"):
                del node.ifs[place]
        return node

    def visit_Continue(self, node):
        return ast.copy_location(ast.Break(), node) if self._now(node, "continue → break") else node

    def visit_Call(self, node):
        self.generic_visit(node)
        swaps = {"min": "max", "max": "min", "any": "all", "all": "any"}
        other = swaps.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if other and self._now(node, f"{node.func.id} → {other}"):
            node.func.id = other
        return node

    def visit_Return(self, node):
        self.generic_visit(node)
        if (
            node.value is not None
            and not isinstance(node.value, ast.Constant)
            and self._now(node, "return None")
        ):
            node.value = ast.copy_location(ast.Constant(None), node)
        return node

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            if self._now(node, f"{node.value} → {not node.value}"):
                node.value = not node.value
        elif isinstance(node.value, (int, float)) and self._now(node, f"{node.value} → {node.value + 1}"):
            node.value += 1
        return node

    def visit_Dict(self, node):
        self.generic_visit(node)
        for place in range(len(node.keys) - 1, -1, -1):
            if self._now(node, f"{ast.unparse(node.keys[place])} left out"):
                del node.keys[place], node.values[place]
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        following = {
            "SAME": "MAYBE",
            "MAYBE": "SAME",
            "ABSENT": "WAITING",
            "UNCLEAR": "ABSENT",
            "WAITING": "ABSENT",
        }
        if (other := following.get(node.attr)) and self._now(node, f"{node.attr} → {other}"):
            node.attr = other
        return node


def _name(operator):
    return type(operator).__name__


def mutants(file):
    """Return what can be changed in a file, in words."""
    tree = ast.parse(Path(file).read_text())
    counting = Mutator()
    counting.visit(copy.deepcopy(tree))
    for wanted in range(counting.count):
        mutator = Mutator(wanted)
        mutator.visit(copy.deepcopy(tree))
        yield wanted, mutator.what


def judge(file, wanted, tests, histories):
    """Run the tests and some histories against one mutant; end with 0 when nobody noticed. In a child."""
    import importlib.abc
    import importlib.util

    module = file.removesuffix(".py").replace("/", ".")

    class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path=None, target=None):
            return importlib.util.spec_from_loader(name, self, origin=file) if name == module else None

        def exec_module(self, made):
            tree = Mutator(wanted).visit(ast.parse(Path(file).read_text()))
            exec(compile(ast.fix_missing_locations(tree), file, "exec"), made.__dict__)

    sys.meta_path.insert(0, Mutated())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import pytest

    if pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]) != 0:
        os._exit(1)
    from tests.simulator.world import failures

    os._exit(1 if failures((0, histories)) else 0)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.mutate", description=__doc__)
    parser.add_argument("file")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--histories", type=int, default=150)
    arguments = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    survivors, total = [], 0
    for wanted, what in mutants(arguments.file):
        total += 1
        process = spawn.Process(
            target=judge, args=(arguments.file, wanted, arguments.tests, arguments.histories)
        )
        process.start()
        process.join(_HANG_S)
        if process.is_alive():
            process.kill()  # a mutant that hangs is noticed
            process.join()
        if process.exitcode == 0:
            survivors.append(what)
            print("survived:", what, flush=True)
    print(f"{total} mutants, {len(survivors)} survived")


if __name__ == "__main__":
    main()
