"""What is kept of a device, packed small, is what was told of it, fit to be served."""

from hypothesis import given, strategies

from exporters.metrics import safe_text
from exporters.process.device import pack, unpack

LABELS = ("ip", "name", "outip")


@given(strategies.dictionaries(strategies.sampled_from(LABELS), strategies.text()))
def test_the_texts_come_out_as_they_went_in_but_for_what_no_label_may_hold(
    info: dict[str, str],
) -> None:
    kept = unpack(pack(info, LABELS), LABELS)
    assert kept == {label: safe_text(info.get(label, "")) for label in LABELS}


def test_a_separator_within_a_text_moves_no_text_to_another_label() -> None:
    info = {"ip": "10.0.0.1\0evil", "name": "\0", "outip": "x"}
    assert unpack(pack(info, LABELS), LABELS)["outip"] == "x"


def test_a_kind_without_labels_has_nothing_to_keep() -> None:
    assert unpack(pack({"ip": "10.0.0.1"}, ()), ()) == {}
