"""Switches from words, as the command line gives them."""

from decimal import Decimal

import pytest

from seedpipe.core.errors import InputError
from seedpipe.sandbox import Switches, switched
from seedpipe.sandbox.switches import InputsKey


def test_words_of_every_kind_become_switches():
    words = [
        "lose_every=5",
        "task_latency_s=0.5",
        "list_inputs=input",
        "balance_usd=1.25",
        "shows_deleted=true",
    ]
    assert switched(words) == Switches(
        lose_every=5,
        task_latency_s=0.5,
        list_inputs=InputsKey.INPUT,
        balance_usd=Decimal("1.25"),
        shows_deleted=True,
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lose_evry=5", "no switch"),
        ("lose_every", "no switch"),
        ("lose_every=often", "cannot be 'often'"),
        ("lose_every=-1", "cannot be '-1'"),
        ("task_latency_s=inf", "cannot be 'inf'"),
        ("task_latency_s=nan", "cannot be 'nan'"),
        ("list_inputs=elsewhere", "cannot be 'elsewhere'"),
        ("balance_usd=lots", "cannot be 'lots'"),
        ("shows_deleted=yes", "cannot be 'yes'"),
    ],
)
def test_a_word_that_says_nothing_is_refused(word, message):
    with pytest.raises(InputError, match=message):
        switched([word])
