"""A page token opens the next page of its own list, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app.pages import Pages, page_size
from service.domain.errors import InvalidArgument

PAGES = Pages(b"secret")
TEXTS = st.text(st.characters(codec="utf-8"))
ARGUMENTS = st.lists(TEXTS, min_size=1, max_size=4).map(tuple)


@given(ARGUMENTS, TEXTS)
def test_a_token_says_its_cursor(arguments: tuple[str, ...], cursor: str) -> None:
    """The list that gave a token takes it back."""
    assert cursor == PAGES.cursor(arguments, PAGES.token(arguments, cursor))


@given(ARGUMENTS, ARGUMENTS, TEXTS)
def test_a_token_of_another_list(asked: tuple[str, ...], other: tuple[str, ...], cursor: str) -> None:
    """A list of another instance, user or filter refuses it, also where the texts are cut elsewhere."""
    if asked == other:
        return
    with pytest.raises(InvalidArgument) as refused:
        PAGES.cursor(other, PAGES.token(asked, cursor))

    assert refused.value.reason == "PAGE_TOKEN_INVALID"


@given(st.text(min_size=1))
def test_garbled(token: str) -> None:
    """Any other text is refused, and nothing but that is said."""
    with pytest.raises(InvalidArgument, match="page_token"):
        PAGES.cursor(("list",), token)


def test_another_deployment() -> None:
    """A token of another deployment is refused."""
    with pytest.raises(InvalidArgument):
        Pages(b"other").cursor(("list",), PAGES.token(("list",), "x"))


def test_no_token_is_the_first_page() -> None:
    """A list begins without a token."""
    assert PAGES.cursor(("list",), "") is None


@pytest.mark.parametrize(("wanted", "size"), [(0, 50), (1, 1), (500, 500), (501, 500), (2**31 - 1, 500)])
def test_page_sizes(wanted: int, size: int) -> None:
    """Zero is the default, too many are reduced."""
    assert size == page_size(wanted)
