"""Which layout a file is read with: the partner's own, then those that come with the program."""

from .flat_layout import FlatLayout, parse_flat_layout
from .layout_tables import Tables
from .profile import LayoutFile, Profile
from .vda_layout import STANDARD, VdaLayout, parse_vda_layout, shipped_layout

Layout = VdaLayout | FlatLayout

# A layout is read from its tables once, however many files come; the tables stand beside it so that the id is theirs.
_READ: dict[int, tuple[LayoutFile, Layout]] = {}
_MOST_READ = 64


def parse_layout(file: LayoutFile) -> Layout:
    """Return the layout of a partner's file; refuse an unusable one with a ProfileError naming file and key."""
    Tables(file.path).one_of("format", file.tables.get("format"), ("vda", "flat"))
    return parse_flat_layout(file) if file.tables["format"] == "flat" else parse_vda_layout(file)


def layouts_of(profile: Profile) -> list[Layout]:
    """Return the partner's layouts in the order the profile names them."""
    found = []
    for file in profile.layouts.values():
        entry = _READ.get(id(file))
        if entry is None or entry[0] is not file:
            if len(_READ) >= _MOST_READ:
                _READ.clear()
            entry = _READ[id(file)] = (file, parse_layout(file))
        found.append(entry[1])
    return found


def vda_layouts(profile: Profile) -> dict[str, VdaLayout]:
    """Return layouts by the type of their header record; the partner's own stands before the standard one."""
    standard = {layout.opens: layout for layout in map(shipped_layout, STANDARD)}
    own = {layout.opens: layout for layout in layouts_of(profile) if isinstance(layout, VdaLayout)}
    return standard | own


def flat_layout(profile: Profile, head: bytes) -> FlatLayout | None:
    """Return the broadcast layout for a file that begins with `head`: one whose `starts` fits, else the one without."""
    flat = [layout for layout in layouts_of(profile) if isinstance(layout, FlatLayout)]
    fitting = [layout for layout in flat if layout.starts is not None and layout.starts.match(head)]
    return next(iter(fitting or [layout for layout in flat if layout.starts is None]), None)


def claims(profile: Profile, head: bytes) -> bool:
    """Tell whether a broadcast layout says of itself, by `starts`, that this is one of its files."""
    layout = flat_layout(profile, head)
    return layout is not None and layout.starts is not None
