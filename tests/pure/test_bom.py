"""Customer number -> own part -> pieces to scan, on the day the vehicle needs it."""

from __future__ import annotations

from datetime import date

from inventory.bom import BomRow, CrossReference, Master, resolve

OLD, NEW = date(2026, 1, 1), date(2026, 7, 1)
REFERENCES = [CrossReference("26550 ZK32A", 1, OLD, date(2026, 6, 30)), CrossReference("26550 ZK32A", 2, NEW)]


def test_the_day_of_need_decides_not_today() -> None:
    master = Master(REFERENCES)
    assert resolve("26550 ZK32A", 1, (), master, date(2026, 6, 30)).part_id == 1
    assert resolve("26550 ZK32A", 1, (), master, date(2026, 7, 1)).part_id == 2


def test_inner_blank_counts() -> None:
    assert resolve("26550ZK32A", 1, (), Master(REFERENCES), NEW).problem == "UNKNOWN PART 26550ZK32A"


def test_own_number_is_known_too() -> None:
    assert resolve("A", 1, (), Master(own={"A": 7}), NEW).pieces == ((7, 1),)


def test_latest_start_wins_where_entries_overlap() -> None:
    both = [CrossReference("X", 1, OLD), CrossReference("X", 2, NEW)]
    assert resolve("X", 1, (), Master(both), date(2026, 8, 1)).part_id == 2


def test_options_choose_components_and_an_unknown_one_is_a_problem() -> None:
    rows = [BomRow(1, "", 10, 1, OLD), BomRow(1, "HEAT", 11, 2, OLD), BomRow(1, "MASS", 12, 1, OLD)]
    master = Master([CrossReference("X", 1, OLD)], rows)
    assert resolve("X", 3, ("HEAT",), master, NEW).pieces == ((10, 3), (11, 6))
    assert resolve("X", 1, ("HEAT", "??"), master, NEW).problem == "UNKNOWN OPTION ?? of X"


def test_a_component_out_of_date_is_not_built_in() -> None:
    rows = [BomRow(1, "", 10, 1, OLD, date(2026, 6, 30)), BomRow(1, "", 11, 1, NEW)]
    master = Master([CrossReference("X", 1, OLD)], rows)
    assert resolve("X", 1, (), master, NEW).pieces == ((11, 1),)
