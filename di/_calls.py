"""Calls in which some arguments are given and the rest is injected."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from di._keys import Key
from di._providers import Parameter

if TYPE_CHECKING:
    from di._graph import Graph


async def complete_arguments(
    graph: "Graph",
    parameters: Sequence[Parameter],
    args: Sequence[object],
    kwargs: Mapping[str, object],
    obtain: Callable[[Key], Awaitable[Any]],
) -> tuple[list[object], dict[str, object]]:
    """Return all arguments of a call, in the way Python wants them.

    Keywords go to the parameters of that name; of the others, those with a registered type are injected, and
    positional arguments fill the rest in order. What is missing or too much is left for the call itself to complain of.
    """
    rest, named = list(args), dict(kwargs)
    positional: list[object] = []
    keywords: dict[str, object] = {}
    in_order = True
    for parameter in parameters:
        if parameter.name in named:
            value = named.pop(parameter.name)
        elif parameter.problem is None and graph.provider(parameter.key) is not None:
            value = await obtain(parameter.key)
        elif rest:
            value = rest.pop(0)
        else:
            in_order = False
            continue
        if parameter.positional and in_order:
            positional.append(value)
        else:
            keywords[parameter.name] = value
    return [*positional, *rest], {**keywords, **named}
