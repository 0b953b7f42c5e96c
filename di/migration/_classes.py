"""Which class an expression yields an instance of: through constructors, factories, annotations and attributes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from di.migration._facts import Assignment, Class, Function, Module, Origin, OriginKind, Symbol
from di.migration._judgement import Judge, Verdict
from di.migration._linking import Found, Linker, Outside, Target
from di.migration._vocabulary import FACTORY_CLASSES, OPEN_TYPES, is_class_name, is_data_type

MAXIMUM_DEPTH: Final = 8  # of factories that call factories


@dataclass(frozen=True, slots=True)
class Built:
    """A class that instances are made of: one of the code base, or an installed one by name."""

    name: str
    verdict: Verdict
    module: Module | None = None
    item: Class | None = None
    outside: Outside | None = None

    @property
    def qualified(self) -> str:
        """Its name with where it is from, the same for every mention."""
        return f"{self.module.path}:{self.name}" if self.module is not None else str(self.outside or self.name)


@dataclass(slots=True)
class Yield:
    """What an expression may yield."""

    classes: dict[str, Built]
    factories: list[str]  # functions of which nothing is known but their name
    data: bool = False
    none: bool = False
    opaque: bool = False

    def add(self, other: "Yield") -> None:
        """Take in another expression's possibilities."""
        self.classes |= other.classes
        self.factories += other.factories
        self.data |= other.data
        self.none |= other.none
        self.opaque |= other.opaque


class Classes:
    """Finds classes."""

    def __init__(self, linker: Linker, judge: Judge) -> None:
        self._linker = linker
        self._judge = judge
        self.known: dict[int, tuple[Built, ...]] = {}  # what functions that were recognised as accessors hand out

    def of(
        self, origins: Iterable[Origin], module: Module, function: Function | None = None, depth: int = MAXIMUM_DEPTH
    ) -> Yield:
        """Return what an expression of a function may yield."""
        found = Yield({}, [])
        for origin in origins:
            found.add(self._of_origin(origin, module, function, depth))
        return found

    def of_annotation(self, annotation: Iterable[Symbol], module: Module) -> Yield:
        """Return the classes an annotation names; `Any` says nothing."""
        found = Yield({}, [])
        for symbol in annotation:
            target = self._linker.resolve(symbol, module)
            if isinstance(target, Outside):
                if target.last in OPEN_TYPES:
                    found.opaque = True
                elif is_data_type(target):
                    found.data = True
                else:
                    found.add(self._built_outside(target))
            else:
                found.add(self._built_class(target))
        return found

    def _of_origin(self, origin: Origin, module: Module, function: Function | None, depth: int) -> Yield:
        if depth <= 0:
            return Yield({}, [], opaque=True)
        match origin.kind:
            case OriginKind.NONE:
                return Yield({}, [], none=True)
            case OriginKind.DATA:
                return Yield({}, [], data=True)
            case OriginKind.PARAMETER if function is not None:
                named = (each for each in function.parameters if each.name == origin.suffix[0])
                return self.of_annotation(next(named).annotation, module)
            case OriginKind.CALL | OriginKind.METHOD | OriginKind.PART if origin.symbol is not None:
                return self._of_call(origin, origin.symbol, module, function, depth)
            case OriginKind.NAME if origin.symbol is not None:
                return self._of_name(self._linker.resolve(origin.symbol, module), depth)
            case _:
                return Yield({}, [], opaque=True)

    def _of_call(self, origin: Origin, symbol: Symbol, module: Module, function: Function | None, depth: int) -> Yield:
        owner = module.classes.get(function.owner) if function is not None and function.owner else None
        if owner is not None and (symbol.path[-1:] == ("__new__",) or origin.suffix == ("__new__",)):
            return self._built_class(Found(module, owner))
        target = self._linker.resolve(symbol, module)
        made = self._as_heir(self._of_called(target, depth), symbol, module, target)
        for part in origin.suffix:
            made = self._of_part(made, part, depth)
        return made

    def _as_heir(self, made: Yield, symbol: Symbol, module: Module, target: Target) -> Yield:
        """Return the class that an inherited alternate constructor was asked on: `Heir.create()`."""
        if not isinstance(target, Found) or not isinstance(target.item, Function) or target.item.owner is None:
            return made
        heir = self._linker.resolve(symbol._replace(path=symbol.path[:-1]), module) if len(symbol.path) > 1 else None
        owner = target.module.classes.get(target.item.owner)
        if owner is None or not isinstance(heir, Found) or heir.item is owner or owner.name not in made.classes:
            return made
        return self._built_class(heir)

    def _of_called(self, target: Target, depth: int) -> Yield:
        match target:
            case Outside():
                return self._of_outside_call(target)
            case Found(item=Class(), rest=()):
                return self._built_class(target)
            case Found(item=Class() as item):  # an inherited alternate constructor: Settings.model_validate(...)
                return self._built_class(Found(target.module, item))
            case Found(item=Function() as item, rest=()):
                return self.returned_by(item, target.module, depth - 1)
            case Found(item=Assignment() as item, rest=(name, *_)):
                return self._of_part(self.of(item.origins, target.module, None, depth - 1), name, depth)
            case Found(item=Assignment() as item):
                return Yield({}, [item.name])
            case _:
                return Yield({}, [], opaque=True)

    def called(self, target: Target) -> Yield:
        """Return what calling a definition yields."""
        return self._of_called(target, MAXIMUM_DEPTH)

    def returned_by(self, item: Function, module: Module, depth: int = MAXIMUM_DEPTH) -> Yield:
        """Return what a function yields: by its annotation, or by its return statements where that says nothing."""
        if id(item) in self.known:
            return Yield({each.name: each for each in self.known[id(item)]}, [])
        annotated = self.of_annotation(item.annotation, module)
        if annotated.classes or annotated.data:
            return annotated
        found = Yield({}, [])
        for each in item.returns:
            found.add(self.of(each.origins, module, item, depth))
        found.opaque |= item.is_generator
        if not found.classes:
            found.factories.append(item.name)
        return found

    def _of_part(self, made: Yield, part: str, depth: int) -> Yield:
        """Return what an attribute or method of instances yields."""
        found = Yield({}, [], opaque=True)
        for built in made.classes.values():
            if built.item is None or built.module is None:
                found.factories.append(f"{built.name}.{part}")
                continue
            for ancestor in self._linker.ancestors(built.module, built.item):
                if isinstance(ancestor, Outside):
                    continue
                home, owner = ancestor
                if part in owner.methods:
                    return self.returned_by(owner.methods[part], home, depth - 1)
                if part in owner.annotations:
                    return self.of_annotation(owner.annotations[part], home)
                origins = owner.instance_attributes.get(part) or owner.attributes.get(part)
                if origins:
                    return self.of(origins, home, owner.methods.get("__init__"), depth - 1)
        return found

    def _of_name(self, target: Target, depth: int) -> Yield:
        match target:
            case Found(item=Assignment() as item):
                found = self.of_annotation(item.annotation, target.module)
                if not found.classes:
                    found.add(self.of(item.origins, target.module, None, depth - 1))
                for part in target.rest:
                    found = self._of_part(found, part, depth)
                return found
            case Found(item=Class() as item, rest=(_, *_)):
                found = self._built_class(Found(target.module, item))
                for part in target.rest:
                    found = self._of_part(found, part, depth)
                return found
            case _:
                return Yield({}, [], opaque=True)

    def _built_class(self, target: Target) -> Yield:
        if not isinstance(target, Found) or not isinstance(target.item, Class):
            return Yield({}, [], opaque=True)
        item = target.item
        return Yield({item.name: Built(item.name, self._judge.verdict(target.module, item), target.module, item)}, [])

    def _built_outside(self, outside: Outside) -> Yield:
        built = Built(outside.last, self._judge.judge_outside(outside), outside=outside)
        return Yield({outside.last: built}, [])

    def _of_outside_call(self, outside: Outside) -> Yield:
        if is_data_type(outside) or outside.name == "object":
            return Yield({}, [], data=True)
        if is_class_name(outside.name):
            return self._built_outside(outside)
        before = outside.name.rpartition(".")[0]
        if before and is_class_name(before):
            return self._built_outside(Outside(before))
        if outside.last in FACTORY_CLASSES:
            return self._built_outside(Outside(f"{before}.{FACTORY_CLASSES[outside.last]}"))
        return Yield({}, [outside.name])
