"""Everything that is known of a code base before a migration is planned."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import libcst

from di.migration._accessor import Accessor, Variant
from di.migration._calls import Calls, Context
from di.migration._facts import Function
from di.migration._import_graph import ImportGraph
from di.migration._inventory import Inventory
from di.migration._linking import Found
from di.migration._project import Project
from di.migration._resets import Reset, Resets
from di.migration._rewrite.changes import shown_path
from di.migration._rewrite.construction import Constructions
from di.migration._rewrite.handlers import Handlers
from di.migration._rewrite.naming import ModuleNames
from di.migration._rewrite.questions import Questions
from di.migration._rewrite.refusals import Refusals
from di.migration._rewrite.sources import SourceFile, Sources
from di.migration._rewrite.watching import Watched
from di.migration._routes import Routes

_AT_THE_ENDS = re.compile(r"lifespan|start|stop|shut|close|clean|setup|tear|init|configure|^main$|^create_app$")


class Reading:
    """A code base, linked, with the judgements that planning asks for."""

    def __init__(self, root: Path, jobs: int = 1) -> None:
        self.project = Project(root, jobs)
        self.sources = Sources()
        self.routes = Routes(self.project)
        self.inventory = Inventory(self.project, self.routes)
        self.calls = Calls(self.project, self.routes, self.inventory)
        self.resets = Resets(self.project, self.inventory)
        self.names = ModuleNames(self.project)
        self.watched = Watched(self.project, self.sources)
        self.imports = ImportGraph(self.project)
        self.questions = Questions(self.project, self.names, self.watched, self.imports)
        self.constructions = Constructions(self.project, self.inventory, self.sources)
        self.refusals = Refusals(self.project, self.sources)
        self.trees: dict[Path, libcst.Module] = {}
        self._refused: dict[Path, str | None] = {}
        self._replaced: dict[int, str | None] = {}

    @cached_property
    def handlers(self) -> Handlers:
        """The handlers that hold calls, and who else calls them."""
        wanted = set()
        for call in self.calls.all:
            if call.context is Context.ROUTE and call.function is not None:
                handler = self.routes.handler_around(call.module, call.function)
                wanted.add(id(handler))
        return Handlers(self.project, self.routes, self.sources, wanted)

    def refuses_rewriting(self, source: SourceFile) -> str | None:
        """Return why a file cannot be rewritten, None if it can: its tree gives it back byte for byte."""
        if source.path not in self._refused:
            self._refused[source.path] = self._try_tree(source)
        return self._refused[source.path]

    def _try_tree(self, source: SourceFile) -> str | None:
        try:
            tree = libcst.parse_module(source.content)
        except (libcst.ParserSyntaxError, ValueError, RecursionError, LookupError) as error:
            return f"LibCST cannot parse the file ({type(error).__name__})"
        if tree.bytes != source.content:
            return "LibCST does not give the file back byte for byte"
        self.trees[source.path] = tree
        return None

    def replaced_while_running(self, accessor: Accessor) -> str | None:
        """Return where an instance is replaced by a running application, None if only its ends do so."""
        if id(accessor) not in self._replaced:
            self._replaced[id(accessor)] = self._find_replacement(accessor)
        return self._replaced[id(accessor)]

    def _find_replacement(self, accessor: Accessor) -> str | None:
        if Variant.ARGUMENTS in accessor.variants:
            for call in self.calls.all:
                if call.accessor is accessor and call.context is not Context.TEST:
                    source = self.sources.of(call.module)
                    node = source.call_at(call.line, call.column) if source is not None else None
                    if node is not None and (node.args or node.keywords):
                        return f"{shown_path(call.module.path)}:{call.line}"
        resets = [each for each in self.resets.functions if each.accessor is accessor]
        for each in resets:
            if self._is_run_by_framework(each):
                return f"{shown_path(each.module.path)}:{each.function.line}"
        functions = [each.function for each in resets]
        return next(self._calls_while_running(functions), None) if functions else None

    def _is_run_by_framework(self, reset: Reset) -> bool:
        """Whether a function that replaces an instance is a handler, a dependency, a task, or a method of an object."""
        around = (self.routes.handler_around, self.routes.dependency_around, self.routes.worker_around)
        if any(find(reset.module, reset.function) is not None for find in around):
            return True
        return reset.function.owner is not None and not _AT_THE_ENDS.search(reset.function.name)

    def _calls_while_running(self, functions: list[Function]) -> Iterator[str]:
        known, names = {id(each) for each in functions}, {each.name for each in functions}
        for module in self.project.sources:
            for reference in module.references:
                if not reference.symbol.path or reference.symbol.path[-1] not in names:
                    continue
                target = self.project.linker.resolve(reference.symbol, module)
                caller = module.function_of(reference)
                if not isinstance(target, Found) or id(target.item) not in known or caller is None:
                    continue
                if id(caller) not in known and not _AT_THE_ENDS.search(caller.name):
                    yield f"{shown_path(module.path)}:{reference.line}"
