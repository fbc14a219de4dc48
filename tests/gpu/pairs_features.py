"""Log-mel beside torchaudio, BLEU counts beside sacreBLEU's counting where those are installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from pair import Bench, Pair, Sides

from seqbench.kernels.bleu import BleuInputs, BleuParams
from seqbench.kernels.log_mel import LogMelInputs, LogMelParams
from seqbench.kernels.mel import mel_filter_bank
from seqbench.kernels.windows import make_window
from seqbench.testing.reference import reference

RATE = 16000


def log_mel(bench: Bench, B: int, seconds: float) -> Sides:
    """80 bands, windows of 25 ms every 10 ms, 512 points."""
    samples = int(RATE * seconds)
    signal = bench.normal(samples, B)
    lengths = np.full(B, samples, np.int32)
    bank = mel_filter_bank(sample_rate=RATE, fft_size=512, num_mels=80, scale="htk", norm="none")
    window = make_window("hann_periodic", 400)
    params = LogMelParams(window.astype("float32"), bank.astype("float32"))
    impl = bench.implementation("feature/log_mel")
    inputs = LogMelInputs(bench.to_device(signal), bench.to_device(lengths), 160, 512, "none")
    plan = impl.plan(impl.contract.dims(params, inputs), "float32")
    plan.load(LogMelParams(bench.to_device(params.window), bench.to_device(params.filters)))

    def ours() -> Any:
        return (plan.forward(inputs).features,)

    peer = torch_log_mel(bench, signal, params)
    exact = reference(impl.contract)(
        LogMelParams(window, bank),
        LogMelInputs(signal.astype("float64"), lengths, 160, 512, "none"),
    )
    calls = {"ours": ours, "torch stft": peer}
    frames = exact.features.shape[0]
    return Sides(
        calls,
        {n: (lambda f=f: [bench.host(a) for a in f()]) for n, f in calls.items()},
        [exact.features],
        1e-4,
        bytes_moved=4.0 * (signal.size + frames * B * 80),
        flops=impl.contract.flops(impl.contract.dims(params, inputs), False),
        notes=plan.notes,
    )


def torch_log_mel(bench: Bench, signal: np.ndarray, params: LogMelParams) -> Any:
    """torch.stft of batch-major signals, a product with the bank, the logarithm."""
    batch_major = bench.to_torch(np.ascontiguousarray(signal.T))
    padded = np.zeros(512, np.float32)
    padded[:400] = params.window  # torch centres a shorter window; ours starts at the frame
    window, bank = bench.to_torch(padded), bench.to_torch(params.filters)
    tail = bench.torch.nn.functional.pad(batch_major, (0, 112))  # the last frame is whole

    def call() -> Any:
        spectrum = bench.torch.stft(
            tail, 512, 160, 512, window, center=False, return_complex=True
        )  # (B, F, T)
        mels = (spectrum.abs() ** 2).permute(2, 0, 1) @ bank
        return (bench.torch.log(bench.torch.clamp(mels, min=1e-10)),)

    return call


def bleu(bench: Bench, sentences: int) -> Sides:
    """Ids already on the device."""
    L, V = 30, 20000
    draw = bench.rng.integers
    hypotheses = draw(0, V, (sentences, L)).astype(np.int32)
    references = np.where(draw(0, 3, (1, sentences, L)) > 0, hypotheses[None], 7).astype(np.int32)
    lengths = draw(10, L + 1, sentences).astype(np.int32)
    host = BleuInputs(hypotheses, lengths, references, lengths[None].copy(), 4)
    impl = bench.implementation("metric/bleu_stats")
    arrays = (hypotheses, lengths, references, lengths[None])
    inputs = BleuInputs(*(bench.to_device(a) for a in arrays), 4)
    plan = impl.plan(impl.contract.dims(BleuParams(), inputs), "float32")
    plan.load(BleuParams())

    def ours() -> Any:
        outputs = plan.forward(inputs)
        return outputs.matches, outputs.totals

    exact = reference(impl.contract)(BleuParams(), host)
    calls: dict[str, Any] = {"ours": ours}
    if importlib.util.find_spec("sacrebleu"):
        calls["sacrebleu"] = sacrebleu_side(host)
    return Sides(
        calls,
        {"ours": lambda: [bench.host(a) for a in ours()]},
        [exact.matches.astype("float64"), exact.totals.astype("float64")],
        0.0,
        bytes_moved=float(impl.contract.bytes(impl.contract.dims(BleuParams(), host), False, 4)),
        flops=float(impl.contract.flops(impl.contract.dims(BleuParams(), host), False)),
    )


def sacrebleu_side(inputs: BleuInputs) -> Any:
    """Its counting of ready-made tokens, on the host."""
    from sacrebleu.metrics import BLEU

    def text(ids: np.ndarray, length: int) -> str:
        return " ".join(map(str, ids[:length]))

    pairs = zip(inputs.hypotheses, inputs.references[0], inputs.hypothesis_lengths, strict=True)
    texts = [(text(h, n), text(r, n)) for h, r, n in pairs]
    metric = BLEU(tokenize="none")
    hypotheses, references = [h for h, _ in texts], [[r for _, r in texts]]
    return lambda: metric._extract_corpus_statistics(hypotheses, references)


PAIRS = [
    Pair("log_mel", log_mel, {"B": 32, "seconds": 30.0}, {"B": 2, "seconds": 0.1}, "80 us"),
    Pair("bleu_counts", bleu, {"sentences": 3003}, {"sentences": 9}, "15 us; 1/1000 of sacreBLEU"),
]
