"""Phases around calls of a function; the rarely needed half of phase(), imported when somebody decorates."""

from __future__ import annotations

import functools
import inspect

from nodewatt._marks import begin, end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


def check(function: Any) -> None:
    """Raises TypeError for what a phase cannot go around."""
    if isinstance(function, (staticmethod, classmethod)):
        raise TypeError("nodewatt.phase: put the decorator under @staticmethod or @classmethod, not over it")
    if inspect.isclass(function) or not callable(function):
        raise TypeError(f"nodewatt.phase decorates functions, not {function!r}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"nodewatt.phase cannot decorate the async function {getattr(function, '__qualname__', function)!r}: tasks "
            "interleave on one thread and phases nest on it. Mark the code between two awaits, or the call of "
            "asyncio.run() as a whole, with a `with nodewatt.phase(...)` block."
        )


# The wrappers name nothing but functions of modules, so that a wrapped function can be pickled by value, too
# (cloudpickle); in a process that nobody measures begin() and end() then find that out by themselves.
def measured(function: F, name: Any) -> F:
    """`function` with a phase around each call, or around each step of a generator."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def steps(*args: Any, **kwargs: Any) -> Any:
            return (yield from in_steps(function(*args, **kwargs), name))

        return steps  # type: ignore[return-value]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        opened = begin(name)
        try:
            return function(*args, **kwargs)
        finally:
            end(opened)

    return call  # type: ignore[return-value]


def in_steps(body: Generator[Any, Any, Any], name: Any) -> Generator[Any, Any, Any]:
    """Delegates to `body` as `yield from` does, and has the phase open only while the body runs."""
    step: Any = body.send
    given: Any = None
    while True:
        opened = begin(name)
        try:
            made = [step(given)]
        except StopIteration as done:
            return done.value
        finally:
            end(opened)
        try:
            given = yield made.pop()  # so that no batch is kept alive here while the next is made
            step = body.send
        except GeneratorExit:
            opened = begin(name)
            try:
                body.close()
            finally:
                end(opened)
            raise
        except BaseException as thrown:
            step, given = body.throw, thrown
