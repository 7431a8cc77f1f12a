"""A phrase of the brand is found whole, however it is cased, spaced and spelt."""

import pytest

from seedpipe.core.brand_words import BrandWords, Phrase
from seedpipe.core.compiling import compile_template
from seedpipe.core.diagnostics import SourceText

PLACE = SourceText(path="brand.yaml", text="x").span()


def found(prompt, phrase, market="us"):
    words = BrandWords(banned_by_market={"us": (Phrase(text=phrase, span=PLACE),)})
    template, _ = compile_template(prompt, lambda *_: PLACE, (), elsewhere={})
    return [fault.rule for fault in words.faults(prompt, market, template)] == ["banned-word"]


@pytest.mark.parametrize(
    ("prompt", "phrase"),
    [
        ("A CHEAP lamp", "cheap"),
        ("cheap", "cheap"),
        ("(cheap)-lamp", "cheap"),
        ("very  \n low price", "Low Price"),
        ("Große STRASSE", "straße"),
        ("Cafe\u0301 light", "Café"),
        ("業界最高級のランプ", "最高級"),
        ("ﾗﾝﾌﾟを", "ランプ"),
        ("ราคาถูกมาก", "ราคาถูก"),
        ("the best!", "best!"),
        ("100% off", "100%"),
        ("İSTANBUL", "i̇stanbul"),
    ],
)
def test_found(prompt, phrase):
    assert found(prompt, phrase)


@pytest.mark.parametrize(
    ("prompt", "phrase"),
    [("a cheapskate", "cheap"), ("bestow", "best"), ("Straßenlampe", "Straße"), ("low, price", "low price")],
)
def test_not_found(prompt, phrase):
    assert not found(prompt, phrase)


def test_a_market_has_its_own_words():
    assert not found("cheap", "cheap", market="de")
    assert not found("cheap", "cheap", market=None)
