"""Spectrograms, CTC, transcription and trigger words: A34-A37."""

from __future__ import annotations

from seqbench.interfaces import CompositionSpec, ContractSpec

from ._spec import composition, contract

CONTRACTS: tuple[ContractSpec, ...] = (
    contract("A34", "feature/stft", "stft:STFT", "power spectrogram"),
    contract("A34", "feature/log_mel", "log_mel:LOG_MEL", "log-mel spectrogram"),
    contract("A37", "feature/conv1d", "conv1d:CONV1D", "convolution over time"),
    contract("A35", "loss/ctc", "ctc:CTC", "connectionist temporal classification"),
    contract("A36", "decoder/ctc_greedy", "ctc_greedy:CTC_GREEDY", "best path of a CTC model"),
    contract("A36", "decoder/ctc_beam", "ctc_beam:CTC_BEAM", "prefix beam search of a CTC model"),
    contract(
        "A36",
        "metric/edit_distance",
        "edit_distance:EDIT_DISTANCE",
        "substitutions, insertions and deletions a pair",
    ),
)

COMPOSITIONS: tuple[CompositionSpec, ...] = (
    composition(
        "A37",
        "model/trigger_word",
        "trigger_word:TriggerDetectorFactory",
        "convolution and recurrent layer over a spectrogram, the label repeated",
        "feature/log_mel",
        "feature/conv1d",
        "loss/binary_cross_entropy",
    ),
    composition("A37", "metric/event_f1", "event_f1:EventF1", "precision, recall, F1 of events"),
    composition(
        "A36",
        "model/speech_recogniser",
        "speech_recogniser:SpeechRecogniserFactory",
        "log-mel features, recurrent layers, CTC",
        "feature/log_mel",
        "feature/conv1d",
        "loss/ctc",
    ),
    composition(
        "A36",
        "decoder/ctc",
        "ctc_decoder:CTCDecoder",
        "best path or prefix beams with an n-gram language model",
        "decoder/ctc_greedy",
        "decoder/ctc_beam",
    ),
    composition(
        "A36",
        "metric/cer",
        "error_rate:CharacterErrorRate",
        "character error rate",
        "metric/edit_distance",
    ),
    composition(
        "A36", "metric/wer", "error_rate:WordErrorRate", "word error rate", "metric/edit_distance"
    ),
)
