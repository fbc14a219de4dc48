"""What an experiment's rows say of its claim."""

from .judged import Answer, PartAnswer, judge
from .kept import CLAIM, Kept, answered, read_answer, write_answer
from .measured import measure
from .told import answer_sentence, part_sentence
from .units import Measured

__all__ = [
    "CLAIM",
    "Answer",
    "Kept",
    "Measured",
    "PartAnswer",
    "answer_sentence",
    "answered",
    "judge",
    "measure",
    "part_sentence",
    "read_answer",
    "write_answer",
]
