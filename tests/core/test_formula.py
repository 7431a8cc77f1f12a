"""Price formulas of the service: those that state a price are worked out, all others are refused unrun."""

import sys
from decimal import Decimal

import pytest

from seedpipe.core.formula import Formula, FormulaFault

VALUES = {
    "base_price": 0.027,
    "max_images": 15,
    "resolution": "2k",
    "images": ["a", "b"],
    "size": "2048*1024",
}


@pytest.mark.parametrize(
    ("text", "usd", "names"),
    [
        ('{"total_price": base_price * max_images}', "0.405", {"base_price", "max_images"}),
        ('{"total_price": resolution = "2k" ? 0.090 : base_price}', "0.09", {"base_price", "resolution"}),
        ('$lookup({"1k": 0.05, "2k": 0.1}, resolution)', "0.1", {"resolution"}),
        ("($unit := base_price * 2; $unit * max_images)", "0.81", {"base_price", "max_images"}),
        ("$max([base_price, 0.03]) * $count(images)", "0.06", {"base_price", "images"}),
        ('$number($substringBefore(size, "*")) / 1024', "2", {"size"}),
        ('resolution in ["2k", "4k"] and max_images > 3 ? 1 : 0', "1", {"max_images", "resolution"}),
    ],
)
def test_a_price_is_exact_to_a_millionth(text, usd, names):
    formula = Formula(text)
    assert formula.price_usd(VALUES) == Decimal(usd)
    assert formula.names == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        '"open',
        "(" * 200 + "1" + ")" * 200,
        "1 +" * 2000 + "1",
        "[1..100000000]",
        '$eval("1")',
        "$now()",
        "$random()",
        "$power(9, $power(9, 9))",
        '$pad("1", 100000000)',
        "($f := function($x) { $f($x) }; $f(1))",
        "$map(images, function($x) { 1 })",
        "base_price ~> $round(2)",
        'base_price & "0"',
        "**",
        "$$.base_price",
        "images[0]",
        "images.images.$sum(1)",
        "images^(x)",
        "/(a+)+b/",
        "| $ | {} |",
        "$unknown",
        "99999999999999999999",
        "(" + "$a := 9; " * 9 + "$a)",
    ],
)
def test_what_says_more_than_a_price_is_refused_unrun(text):
    with pytest.raises(FormulaFault):
        Formula(text)


def test_the_dearest_formula_that_passes_ends_soon():
    squared = "($a := 999999999999; " + "$a := $a * $a; " * 7 + "$a)"
    with pytest.raises(FormulaFault):
        Formula(squared).price_usd({})


def test_the_library_leaves_the_process_as_it_was():
    usual = sys.getrecursionlimit()
    assert Formula("base_price").price_usd(VALUES) == Decimal("0.027")
    assert sys.getrecursionlimit() == usual


@pytest.mark.parametrize(
    "text", ["-5", "10001", '"5"', "true", "nothing", "1 / 0", '"a" < 1', '{"price": 1}', "[1, 2]"]
)
def test_what_is_no_price_is_a_fault(text):
    formula = Formula(text)
    with pytest.raises(FormulaFault):
        formula.price_usd(VALUES)
