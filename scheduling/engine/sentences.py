"""What the engine says to a planner: a code and values that any language can be made of, and the English of it.

The templates stand here alone. Whoever shows a sentence in another language translates the template of its code and
puts the values in, as `spoken` does; the catalogues find the templates by the name of the function around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


def gettext_noop(text: str) -> str:
    """Marks a template for the catalogues; the engine itself knows no languages."""
    return text


TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        # The linter, before a run.
        "no-horizon": gettext_noop(
            "Step %(step)s has no sequencing horizon: nothing is sequenced. Give horizon_days."
        ),
        "zero-time": gettext_noop(
            "%(count)s operations have no operation time and are not sequenced: %(names)s."
        ),
        "forced-elsewhere": gettext_noop(
            "Forced on a resource that is none of their own, and planned there: %(names)s (%(count)s in all); take the "
            "force away if that is not meant."
        ),
        "unused": gettext_noop(
            "Step %(step)s: a step of its type does nothing with %(names)s; leave it out."
        ),
        "no-forward-between": gettext_noop(
            "Step %(step)s on %(centre)s goes by the times before step %(earlier)s on %(other)s; put a forward step "
            "between them."
        ),
        "step-order": gettext_noop(
            "Step %(step)s on %(centre)s runs before step %(later)s on %(other)s, but %(count)s orders go through "
            "%(other)s first; let the steps follow the flow."
        ),
        "before-bottleneck": gettext_noop(
            "%(centre)s works ahead of the bottleneck %(bottleneck)s in %(count)s orders, but its sequencing priority "
            "%(priority)s lets it be planned after it (%(other)s); give it a lower one."
        ),
        "priority": gettext_noop(
            "The sequencing priority of %(centre)s (%(priority)s) is behind that of %(later)s (%(other)s), but "
            "%(count)s orders go through %(centre)s first; follow the flow."
        ),
        "fill-up": gettext_noop(
            "%(resource)s is a fill-up resource, and %(centre)s is sequenced; what fills up needs no order. Take the "
            "step or the mark away."
        ),
        "several-resources": gettext_noop(
            "Step %(step)s: %(centre)s has %(count)s resources, and each group runs on one of them; limit the groups, "
            "or give each resource a step of its own."
        ),
        "buffer": gettext_noop(
            "Step %(step)s: half of the operations on %(centre)s have less than %(buffer)s days of buffer before they "
            "get late, and the horizon is %(days)s days; shorten it, or plan with more buffer."
        ),
        "little-setup": gettext_noop(
            "Step %(step)s: %(work)s h of work on %(centre)s need %(setup)s h of setup as planned forward; there is "
            "next to nothing to save."
        ),
        "on-the-floor": gettext_noop(
            "Step %(step)s: on %(resource)s the order is decided on the floor; what the step plans there will not be "
            "run."
        ),
        "dominating-key": gettext_noop(
            "Step %(step)s: the key part '%(part)s' has %(percent)s%% of the hours on %(centre)s, so others wait for "
            "its end; set a maximum time for grouping or a maximum operation time."
        ),
        "delivery-bound": gettext_noop(
            "Step %(step)s: %(count)s orders start not before their delivery date allows, for example %(order)s, which "
            "leaves gaps on %(centre)s; set a gap control and a maximum gap."
        ),
        # A run.
        "nothing-found": gettext_noop(
            "Step %(step)s found nothing to sequence: no active operation on %(centre)s is planned to end within its "
            "horizon."
        ),
        "search-cut": gettext_noop(
            "Step %(step)s: the search was cut after %(moves)s moves, as neither seconds nor iterations were given; "
            "name one to search longer."
        ),
        "search-cut-again": gettext_noop(
            "Step %(step)s: the search was cut after %(moves)s moves, as neither seconds nor iterations were given; "
            "name one to search longer, or so many iterations to get this plan again."
        ),
        "no-proof-tried": gettext_noop("No exact proof was tried: OR-Tools is not installed."),
        "load-apart": gettext_noop(
            "%(names)s stand as one load and wait for each other; they are taken apart."
        ),
        "not-in-profile": gettext_noop(
            "Step %(step)s: no profile has the key value '%(value)s'; planned forward: %(count)s of that value."
        ),
        "kept-out": gettext_noop(
            "Step %(step)s could not sequence %(operation)s: forbidden setup transitions or operations it waits for "
            "keep it out; it is planned forward."
        ),
        "kept-out-beside": gettext_noop(
            "Step %(step)s could not sequence %(operation)s: forbidden setup transitions, resources or operations it "
            "waits for keep it out; it is planned forward."
        ),
        "ends-later": gettext_noop(
            "Step %(step)s: no order was found in which nothing ends later than in the forward plan; %(count)s "
            "operations do, for example %(operation)s."
        ),
        "beside-elsewhere": gettext_noop(
            "Step %(step)s: %(count)s of its operations may not use the secondary resource their group began with and "
            "take another, for example %(operation)s."
        ),
        "many-groups": gettext_noop(
            "Step %(step)s: level %(level)s has %(count)s groups; more than %(most)s are not searched and run as "
            "planned."
        ),
        "mate-of-other-part": gettext_noop(
            "Step %(step)s: %(operation)s has the schedule number %(schedule)s but another grouping part of its key; "
            "it is not grouped with it."
        ),
        "mate-may-not": gettext_noop(
            "Step %(step)s: %(operation)s has the schedule number %(schedule)s but may not run on %(resource)s; it is "
            "not grouped with it."
        ),
        "below-fill": gettext_noop(
            "Step %(step)s: load %(load)s on %(resource)s is %(percent)s%% full, below the minimum fill of %(least)s "
            "%%; %(closed)s."
        ),
        "above-size": gettext_noop(
            "Step %(step)s: %(operation)s has %(quantity)s, more than the fixed batch size of %(size)s; its quantity "
            "is left as it is."
        ),
        "barred": gettext_noop(
            "%(operation)s is left out: on each resource it may use only a forbidden setup leads to it."
        ),
        "waits-in-vain": gettext_noop(
            "%(operation)s is left out: it waits for an operation that has no place."
        ),
        "too-early": gettext_noop(
            "%(operation)s does not move and starts before %(earlier)s ends, which it waits for."
        ),
        "gave-way": gettext_noop(
            "The order kept on %(resource)s gave way: %(operation)s no longer waits for %(earlier)s, which its routing "
            "or a forbidden setup holds up."
        ),
        "forbidden-kept": gettext_noop(
            "%(operation)s follows the key '%(state)s' on %(resource)s, which the setup matrix forbids; its order was "
            "kept."
        ),
        "occupied": gettext_noop("%(operation)s is locked where %(resource)s is still occupied."),
        "no-setup-time": gettext_noop(
            "%(resource)s: no setup time from key '%(before)s' to '%(key)s' (%(count)s such in all); 0 h was counted. "
            "Add a matrix record or a standard time."
        ),
        # What placed an operation.
        "rule-standard": gettext_noop("Step %(step)s, group %(group)s: %(said)s; %(how)s."),
        "rule-standard-noted": gettext_noop("Step %(step)s, group %(group)s: %(said)s; %(how)s; %(notes)s."),
        "rule-cyclic": gettext_noop(
            "Step %(step)s, group %(group)s: stop %(stop)s of the profile, '%(part)s'; starts when the last of the "
            "group is ready."
        ),
        "rule-oven": gettext_noop(
            "Step %(step)s, load %(load)s: grouping part '%(part)s', %(percent)s%% of %(capacity)s %(unit)s; closed: "
            "%(closed)s."
        ),
        "rule-batch": gettext_noop(
            "Step %(step)s, batch %(batch)s: grouping part '%(part)s', %(total)s ordered for a batch of %(size)s."
        ),
        "rule-levels": gettext_noop("Step %(step)s, group %(group)s: levels %(levels)s."),
        "rule-levels-noted": gettext_noop("Step %(step)s, group %(group)s: levels %(levels)s; %(notes)s."),
        "rule-minimise": gettext_noop(
            "Step %(step)s, group %(group)s: least setup + %(weight)s x weighted tardiness, %(moves)s moves tried; "
            "%(setup)s h of setup on %(resource)s."
        ),
        "rule-minimise-gap": gettext_noop(
            "Step %(step)s, group %(group)s: least setup + %(weight)s x weighted tardiness, %(moves)s moves tried; "
            "%(setup)s h of setup on %(resource)s; its gap of %(gap)s h was above %(most)s h."
        ),
        "in-progress": gettext_noop("In progress (50): never moves."),
        "locked-behind": gettext_noop(
            "Locked (20) behind the locked horizon: keeps its resource and order, re-timed forward."
        ),
        "locked": gettext_noop("Locked (20): never moves."),
        "by-hand": gettext_noop(
            "Sequence locked by hand (17): keeps its resource and order, re-timed forward."
        ),
        "by-earlier-run": gettext_noop(
            "Sequenced by an earlier run (15): keeps its resource and order, re-timed forward."
        ),
        "no-time": gettext_noop("No operation time: stands at its earliest start and is not sequenced."),
        "forward": gettext_noop("Forward: as early as predecessors, resources and calendars allow."),
        "left-out": gettext_noop("Left out; see warnings."),
        "released": gettext_noop(
            "Forward: a step took it out of its order to sequence it again, and could not."
        ),
        # Parts of these.
        "opens-group": gettext_noop("opens the group: earliest planned start, %(resource)s free first"),
        "opens-block": gettext_noop("opens the block: %(resource)s free first"),
        "before-others": gettext_noop("before others of the order, which had to wait"),
        "part-as": gettext_noop("grouping part '%(part)s' as %(operation)s"),
        "part-and-number": gettext_noop("grouping part '%(part)s', with its schedule number %(schedule)s"),
        "sorted-standard": gettext_noop("sorted (standard)"),
        "sorted-planned_start": gettext_noop("sorted (planned_start)"),
        "sorted-latest_start": gettext_noop("sorted (latest_start)"),
        "brought-together": gettext_noop("grouped by sequencing part"),
        "level-group": gettext_noop("group '%(part)s'"),
        "level-sort": gettext_noop("sort '%(part)s'"),
        "level-minimise": gettext_noop("minimise '%(part)s'"),
        "sent-back": gettext_noop("sent back from group %(group)s: %(why)s"),
        "not-in-group": gettext_noop("not in the group of %(operation)s: %(why)s"),
        "passes-operation-time": gettext_noop(
            "%(hours)s h would pass the maximum operation time of %(most)s h"
        ),
        "passes-resource-time": gettext_noop(
            "%(hours)s h would pass the maximum resource time of %(most)s h"
        ),
        "waits": gettext_noop("it waits for an operation that has no place yet"),
        "setup-forbidden": gettext_noop("its setup transition is forbidden"),
        "gap-above": gettext_noop("its gap of %(gap)s h is above %(most)s h"),
        "would-delay": gettext_noop("order %(order)s would be late, and later than planned forward"),
        "pieces": gettext_noop("pieces"),
        "volume": gettext_noop("volume"),
        "positions": gettext_noop("positions"),
        # By hand.
        "moved-by-hand": gettext_noop("Moved by hand by %(by)s to place %(position)s."),
        "arranged": gettext_noop("Put in order of least setup by %(by)s."),
        # Why a bar cannot be moved.
        "status-stays": gettext_noop("%(operation)s is locked or in progress; its status stays."),
        "not-in-plan": gettext_noop("%(operation)s has no place in this plan."),
        "unknown-resource": gettext_noop("%(resource)s is not in this plan."),
        "never-moves": gettext_noop("%(operation)s is locked or in progress; it never moves."),
        "takes-no-time": gettext_noop("%(operation)s takes no time, so it has no place in a sequence."),
        "frozen": gettext_noop("%(operation)s starts within the frozen time; it stays."),
        "not-allowed-there": gettext_noop(
            "%(operation)s may not run on %(resource)s; it may run on %(names)s."
        ),
        "no-oven": gettext_noop("%(operation)s runs in a load; %(resource)s is no oven."),
        "load-too-large": gettext_noop(
            "The load of %(operation)s has %(size)s %(unit)s; %(resource)s takes %(capacity)s."
        ),
        "no-room": gettext_noop("There is no room between the locked operations; choose another position."),
        "against-routing": gettext_noop(
            "The order there contradicts a routing: an operation would wait for itself."
        ),
        "keeps-its-start": gettext_noop(
            "%(operation)s keeps its start, being locked, in progress or in the frozen time; it would start before "
            "what it waits for ends."
        ),
        "forbidden-there": gettext_noop(
            "%(operation)s ('%(key)s') may not follow '%(before)s' on %(resource)s: the setup matrix forbids it."
        ),
        "how-many": gettext_noop("Choose 2 to %(most)s operations."),
        "on-several": gettext_noop("They stand on several resources; choose on one."),
        "in-a-load": gettext_noop("%(operation)s runs in a load; choose what runs alone."),
        "not-in-sequence": gettext_noop("%(operation)s has no place in a sequence of this plan."),
        # What is left out of a problem.
        "no-open-operation": gettext_noop("%(order)s has no open operation; give %(part)s a routing."),
        "no-active-resource": gettext_noop(
            "%(order)s is left out: %(operation)s has no active resource in %(centre)s."
        ),
        # Why a problem cannot be planned: plant data, orders, steps, setup matrix.
        "refused-at": gettext_noop("%(place)s: %(said)s"),
        "no-object": gettext_noop("is not an object with keys"),
        "unknown-key": gettext_noop("unknown key '%(key)s'; known keys are %(names)s"),
        "unknown-key-near": gettext_noop("unknown key '%(key)s'; did you mean '%(near)s'?"),
        "missing": gettext_noop("is missing"),
        "no-text": gettext_noop("must be a text, not %(value)s"),
        "no-number": gettext_noop("must be a number of at least 0 and at most a million, not %(value)s"),
        "no-whole-number": gettext_noop("must be a whole number, not %(value)s"),
        "whole-number-of": gettext_noop("must be a whole number of at least %(least)s, not %(value)s"),
        "whole-number-from": gettext_noop("must be a whole number from %(least)s to %(most)s, not %(value)s"),
        "no-flag": gettext_noop("must be true or false, not %(value)s"),
        "no-choice": gettext_noop("must be one of %(names)s, not %(value)s"),
        "no-list": gettext_noop("must be a list"),
        "outside-years": gettext_noop("lies outside the years %(first)s to %(last)s"),
        "not-in-map": gettext_noop("'%(value)s' has no entry in the map of %(attribute)s"),
        "too-long-for-key": gettext_noop(
            "'%(value)s' has %(length)s characters; %(attribute)s has %(most)s in the key"
        ),
        "no-attribute": gettext_noop("has no '%(attribute)s', which the key is built from"),
        "key-too-long": gettext_noop("makes %(length)s characters; a key has at most %(most)s"),
        "one-character": gettext_noop("must be one character, not '%(value)s'"),
        "beside-a-map": gettext_noop("has no meaning beside a map, whose texts stand whole"),
        "empty": gettext_noop("is empty"),
        "no-map": gettext_noop("must give texts by value"),
        "circle": gettext_noop("these wait for each other: %(names)s; take one predecessor out"),
        "windows-overlap": gettext_noop("has windows that overlap"),
        "ends-without-capacity": gettext_noop(
            "ends with 0, so the resource never works again; add a later date"
        ),
        "nothing-fits-in": gettext_noop("must be above 0, or nothing fits in"),
        "no-weekdays": gettext_noop("must be a list of weekdays, 1 Monday to 7 Sunday"),
        "no-production-day": gettext_noop("leaves no production day"),
        "no-sort-settings": gettext_noop(
            "must be a list of %(names)s, each with a minus before it to sort falling"
        ),
        "unknown-sort-setting": gettext_noop(
            "has '%(name)s'; there are %(names)s, each with a minus before it to sort falling"
        ),
        "sorts-twice": gettext_noop("names something twice; only the first would count"),
        "sorts-by-key-first": gettext_noop(
            "must begin with key or -key: sorting is by the sequencing part, the rest decides among equal ones"
        ),
        "first-missing": gettext_noop("is missing; name the first character of that part of the key"),
        "last-missing": gettext_noop("is missing; name the last character of the grouping part"),
        "lies-after": gettext_noop("is %(first)s and lies after %(name)s %(last)s; swap them"),
        "step-number": gettext_noop("must be larger than 0, not %(value)s; steps run in ascending order"),
        "no-sort-in-groups": gettext_noop(
            "is not available when the sequencing part is grouped: groups are sorted on planned start; leave it out"
        ),
        "no-new-group": gettext_noop("Y is not available for a step of the type %(type)s; use S or P"),
        "above-hundred": gettext_noop("is a share of the capacity, so at most 100"),
        "not-above-zero": gettext_noop("must be above 0"),
        "number-of-levels": gettext_noop("must name from 1 to %(most)s levels, not %(count)s"),
        "no-profile": gettext_noop("must list the key values in the order of the cycle"),
        "stop-too-long": gettext_noop(
            "must be a text of at most %(most)s characters, as the grouping part is"
        ),
        "resource-missing": gettext_noop("resource '%(resource)s' is not in resources"),
        "centre-without-resource": gettext_noop("no resource has the work centre '%(centre)s'"),
        "both-beside-and-main": gettext_noop(
            "operations run on '%(resource)s', so none can take it beside; give it a work centre of its own"
        ),
        "oven-missing": gettext_noop("is missing: step %(step)s loads %(resource)s; give capacity and unit"),
        "fits-in-no-oven": gettext_noop(
            "operation %(operation)s has %(size)s %(unit)s, and no oven it may use takes that; split it"
        ),
        "size-missing": gettext_noop(
            "operation %(operation)s has none: the oven %(resource)s is filled by %(unit)s"
        ),
        "never-works": gettext_noop("resource %(resource)s never works; give it windows"),
        "never-fits": gettext_noop(
            "%(operation)s needs %(hours)s h and its setup, and its resource does not work that long from when it may "
            "start to 20 years behind the plan's start; check its hours, its dates and its resource's calendar and "
            "capacity"
        ),
        "beyond-calendars": gettext_noop(
            "the plan runs more than 20 years beyond its start, where no resource works any more; check the dates and "
            "the hours of the operations"
        ),
        "too-much-weight": gettext_noop(
            "lambda times the orders' weights is too large to be summed; use smaller weights"
        ),
        # Why a run failed.
        "plan-changed": gettext_noop("The plan was changed while the run was under way."),
        "workers-died": gettext_noop("%(count)s workers died over it; the last was %(worker)s."),
        # Why a load closed.
        "full": gettext_noop("full"),
        "nothing-else": gettext_noop("nothing else of its key is planned"),
        "none-fits": gettext_noop("no other fits in"),
        "bars-others": gettext_noop("a forbidden setup bars others"),
        "would-wait": gettext_noop("waiting on would pass %(hours)s h"),
        "would-be-late": gettext_noop("waiting on would make order %(order)s late"),
    }
)


class Sentence(str):
    """A sentence in English that knows the code and the values it was made of."""

    code: str
    values: Mapping[str, Any]

    def __new__(cls, code: str, **values: Any) -> Sentence:
        made = super().__new__(cls, spoken(code, values))
        made.code, made.values = code, values
        return made

    def as_json(self) -> dict[str, Any]:
        """Code, values and text; a value that is a sentence itself the same way."""
        return {
            "code": self.code,
            "values": {name: told(value) for name, value in self.values.items()},
            "text": str(self),
        }


def told(value: Any) -> Any:
    """As a file keeps it: a sentence with its code and values, also in a list of them."""
    if isinstance(value, Sentence):
        return value.as_json()
    return [told(one) for one in value] if isinstance(value, list) else value


def spoken(code: str, values: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """A sentence of the template `translate` gives for that of the code; figures have a decimal point everywhere."""

    def shown(value: Any) -> Any:
        if type(value) is str or type(value) is int:
            return value
        if isinstance(value, Sentence):
            return spoken(value.code, value.values, translate)
        if isinstance(value, Mapping):
            return spoken(value["code"], value["values"], translate)
        if isinstance(value, list):
            return ", ".join(shown(one) for one in value)
        return f"{value:g}" if isinstance(value, float) else value

    return translate(TEMPLATES[code]) % {name: shown(value) for name, value in values.items()}


def some(names: list[str]) -> str:
    """The first five names; dots stand for more."""
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
