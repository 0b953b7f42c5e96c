"""The questions, in the order of the table."""

from benchmarks.behaviour.answers import Question, Section
from benchmarks.behaviour.questions.lifetimes import LIFETIMES
from benchmarks.behaviour.questions.outcome import OUTCOME
from benchmarks.behaviour.questions.overrides import OVERRIDES
from benchmarks.behaviour.questions.routing import ROUTING
from benchmarks.behaviour.questions.singletons import SINGLETONS
from benchmarks.behaviour.questions.start import START

SECTIONS: tuple[Section, ...] = (OUTCOME, LIFETIMES, START, OVERRIDES, SINGLETONS, ROUTING)
QUESTIONS: tuple[Question, ...] = tuple(question for section in SECTIONS for question in section.questions)
