"""Old items are packed away, and nobody who asks for one can tell."""

import pickle

from core import events as e
from core.record import Record
from core.view.items import Items, NoticeItem, QuestionItem, TextItem, WrittenItem
from core.view.pages import Pages
from core.view.session import SessionView

AT = {"run": "r1", "node": "coder", "role": "fast_coder"}


def folded(*events, view=None):
    view = view or SessionView()
    for event in events:
        view.apply(Record(view.last + 1, "s", "2026-01-31T13:00:00.000000Z", event))
    return view


def notices(count, first=0):
    return [e.NoticeGiven(text=f"Notice {number}") for number in range(first, first + count)]


def test_old_items_are_packed_and_the_latest_are_not():
    items = folded(*notices(3_000)).transcript.items
    assert 1_500 < items.packed < 2_500
    assert len(items) == 3_000
    assert [item.text for item in items] == [f"Notice {number}" for number in range(3_000)]
    assert items[0].text == "Notice 0"
    assert items[-1].text == "Notice 2999"
    assert [item.text for item in items[1_023:1_026]] == ["Notice 1023", "Notice 1024", "Notice 1025"]


def test_looking_through_all_of_them_keeps_only_a_few_pages_unpacked():
    items = folded(*notices(5_000)).transcript.items
    before = items.packed
    assert [items[index].text for index in range(5_000)] == [f"Notice {number}" for number in range(5_000)]
    assert sum(1 for _ in reversed(items)) == 5_000
    assert before - items.packed <= 1_100
    folded(*notices(300), view=(view := folded(*notices(5_000))))
    assert view.transcript.items.packed > before


def test_what_happens_to_an_old_item_is_kept_when_it_is_packed_again():
    view = folded(
        e.ChangeApplied(path="a.py", apply="a1"),
        e.QuestionAsked(id="q1", run="r1", text="Go on?", choices=("yes", "no")),
        *notices(3_000),
    )
    packed = view.transcript.items.packed
    assert packed
    folded(e.ChangeUndone(path="a.py", apply="a1"), view=view)
    folded(e.QuestionAnswered(id="q1", answer="yes", by="user"), *notices(3_000), view=view)
    items = view.transcript.items
    assert items.packed > packed
    assert items[0] == WrittenItem(["a.py"], 1)
    assert isinstance(items[1], QuestionItem)
    assert items[1].answer == "yes"


def test_a_text_that_goes_on_is_never_packed():
    view = folded(e.TextDelta(**AT, text="one ", block="b1"), *notices(3_000))
    growing = view.transcript.items[0]
    assert isinstance(growing, TextItem)
    folded(*[e.TextDelta(**AT, text="two ", block="b1")] * 2, *notices(2_000, 3_000), view=view)
    assert view.transcript.items[0] is growing
    assert growing.text == "one two two "
    folded(e.TextFinished(**AT, text="all", block="b1"), *notices(600), view=view)
    assert view.transcript.items[0] == growing
    assert view.transcript.items[0] is not growing


def test_items_are_compared_and_taken_over_like_a_list():
    items = Items()
    assert not items
    assert items == []
    for number in range(2_000):
        items.append(NoticeItem(str(number), "info"))
    again = pickle.loads(pickle.dumps(items))
    assert again == items
    assert again.packed == items.packed > 0
    again.append(NoticeItem("more", "info"))
    assert again != items
    assert items.index(NoticeItem("7", "info")) == 7


def test_what_is_fixed_is_packed_once_and_still_the_same_however_often_it_is_read(monkeypatch):
    rows: Pages[NoticeItem] = Pages(fixed=True)
    for number in range(3_000):
        rows.append(NoticeItem(str(number), "info"))
    packed = rows.packed
    assert packed
    monkeypatch.setattr(pickle, "dumps", None)
    for _ in range(2):
        assert [row.text for row in rows] == [str(number) for number in range(3_000)]
    assert packed - rows.packed <= 1_100
