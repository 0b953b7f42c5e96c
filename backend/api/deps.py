"""The marker that routes use to ask for services."""

from middleware import Deps

deps = Deps()
