"""Whether a class is a service, a value, or part of the framework: what is worth injecting and what is not."""

import sys
from enum import Enum, auto

from di.migration._facts import Class, Module, OriginKind
from di.migration._linking import Linker, Outside
from di.migration._vocabulary import (
    CLIENT_WORDS,
    FRAMEWORK,
    RECORD_BASES,
    SERVICE_WORDS,
    VALUE_BASES,
    VALUE_DECORATORS,
    is_client_name,
    is_configuration_name,
    words_of,
)


class Verdict(Enum):
    """What a class is good for."""

    SERVICE = auto()  # it does something
    PLAIN = auto()  # a class without public methods
    CONFIGURATION = auto()  # settings
    RECORD = auto()  # data with fields: a dataclass, a model
    VALUE = auto()  # an enumeration, an exception, a container
    CALLABLE = auto()  # nothing but `__call__`: what Depends() takes
    FRAMEWORK = auto()


def is_standard(outside: Outside) -> bool:
    """Whether it is a builtin or from the standard library."""
    return "." not in outside.name or outside.package in sys.stdlib_module_names


def is_client_class(outside: Outside) -> bool:
    """Whether an installed class is a connection to something, by its name."""
    return not is_standard(outside) and outside.last not in FRAMEWORK and is_client_name(outside.last)


class Judge:
    """Judges the classes of a code base; verdicts are kept."""

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._verdicts: dict[int, Verdict] = {}

    def verdict(self, module: Module, item: Class) -> Verdict:
        """Say what a class of the code base is."""
        if id(item) not in self._verdicts:
            self._verdicts[id(item)] = self._judge(module, item)
        return self._verdicts[id(item)]

    def judge_outside(self, outside: Outside) -> Verdict:
        """Say what an installed class is, by its name."""
        if outside.last == "BaseSettings":
            return Verdict.CONFIGURATION
        if outside.last in FRAMEWORK:
            return Verdict.FRAMEWORK
        if outside.last in RECORD_BASES:
            return Verdict.RECORD
        if outside.last in VALUE_BASES or outside.last.endswith(("Error", "Exception", "Warning")):
            return Verdict.VALUE
        return Verdict.SERVICE

    def _judge(self, module: Module, item: Class) -> Verdict:
        methods: set[str] = set()
        inherits = False
        is_record = False
        for ancestor in self._linker.ancestors(module, item):
            if not isinstance(ancestor, Outside):
                owner = ancestor[1]
                methods.update(owner.methods)
                is_record |= any(each.attribute in VALUE_DECORATORS for each in owner.decorators)
                continue
            verdict = self.judge_outside(ancestor)
            if verdict in {Verdict.CONFIGURATION, Verdict.FRAMEWORK, Verdict.VALUE}:
                return verdict
            if verdict is Verdict.RECORD:
                is_record = True
            elif ancestor.last not in {"object", "ABC", "Protocol", "Generic"}:
                inherits = True
        if is_record:
            return self._judge_record(item)
        public = {name for name in methods if not name.startswith("_")}
        if "__call__" in methods and not public:
            return Verdict.CALLABLE
        holds = any(
            origin.kind is OriginKind.CALL for origins in item.instance_attributes.values() for origin in origins
        )
        return (
            Verdict.SERVICE
            if public or inherits or holds or words_of(item.name)[-1] in SERVICE_WORDS
            else Verdict.PLAIN
        )

    @staticmethod
    def _judge_record(item: Class) -> Verdict:
        words = words_of(item.name)
        if is_configuration_name(item.name):
            return Verdict.CONFIGURATION if len(words) == 1 or words[0] in {"app", "application"} else Verdict.RECORD
        acts = any(not name.startswith("_") for name in item.methods)
        return Verdict.SERVICE if acts and words[-1] in CLIENT_WORDS else Verdict.RECORD
