"""CTC and searches on the device, each kernel broken at places that are easily got wrong."""

from cuda_mutant import CudaMutant

CTC, GREEDY, SAMPLE = "loss/ctc", "decoder/ctc_greedy", "decoder/sample"
BEAM, PREFIXES = "decoder/beam_select", "decoder/ctc_beam"
EDITS = "metric/edit_distance"
MUTANTS = [
    CudaMutant("ctc.cu", "return label != before ?", "return true ?", CTC),
    CudaMutant(
        "ctc.cu", "const Mass left = backward ? mine[r] : inflow;", "const Mass left = inflow;", CTC
    ),
    CudaMutant(
        "ctc.cu",
        "normalised(plus(before[1 + S], before[S], no_mass()))",
        "normalised(plus(before[1 + S], no_mass(), no_mass()))",
        CTC,
    ),
    CudaMutant(
        "ctc.cu", "for (int k = j; k >= 0; k = next[k])", "for (int k = j; k >= 0; k = -1)", CTC
    ),
    CudaMutant("ctc.cu", "if (repeated[j]) continue;", "", CTC),
    CudaMutant("ctc.cu", "for (int j = lane; j <= count;", "for (int j = lane; j < count;", CTC),
    CudaMutant(
        "ctc.cu", "if (t >= lengths[b] || (impossible", "if (t > lengths[b] || (impossible", CTC
    ),
    CudaMutant("ctc.cu", "mean && labels > 1 ?", "mean ?", CTC),
    CudaMutant("ctc.cu", "d_loss[a_row ? b : 0]", "d_loss[0]", CTC),
    CudaMutant("ctc_greedy.cu", "(t == 0 || label != path", "(true || label != path", GREEDY),
    CudaMutant("ctc_greedy.cu", "((1u << lane) - 1)", "((2u << lane) - 1)", GREEDY),
    CudaMutant("ctc_greedy.cu", "best[row] = -sq_log(sum)", "best[row] = sq_log(sum)", GREEDY),
    CudaMutant(
        "sample.cu",
        "past = __ballot_sync(SQ_FULL, mine > 0.0 && until > target)",
        "past = __ballot_sync(SQ_FULL, mine > 0.0 && until > 2 * target)",
        SAMPLE,
    ),
    CudaMutant("sample.cu", "offset + blockIdx.x", "offset", SAMPLE),
    CudaMutant("sample.cu", "k1 += 0xBB67AE85u;", "", SAMPLE),
    CudaMutant(
        "sample.cu", "exp((double(x[v]) - largest) / t", "exp((double(x[v]) - largest) * t", SAMPLE
    ),
    CudaMutant("beam_select.cu", "k -= shared->above;", "", BEAM),
    CudaMutant(
        "beam_select.cu",
        "while (above + shared->counts[digit] < k)",
        "while (above + shared->counts[digit] <= k)",
        BEAM,
    ),
    CudaMutant(
        "beam_select.cu",
        "const bool downwards = (low & size) == 0;",
        "const bool downwards = true;",
        BEAM,
    ),
    CudaMutant("beam_select.cu", "done = hope <= value", "done = hope < -value", BEAM),
    CudaMutant("ctc_beam.cu", "v == beam.last[k] ? beam.ending_blank[k] :", "", PREFIXES),
    CudaMutant("ctc_beam.cu", "arriving = all.extension(parent, last);", "", PREFIXES),
    CudaMutant("ctc_beam.cu", "if (beam.last[c] == v) return", "if (false) return", PREFIXES),
    CudaMutant("ctc_beam.cu", "if (v == blank) return", "if (false) return", PREFIXES),
    CudaMutant("ctc_beam.cu", "is_new && next_state != nullptr ?", "false ?", PREFIXES),
    CudaMutant(
        "ctc_beam.cu", "is_new ? before.key[k] : before.parent_key[k]", "before.key[k]", PREFIXES
    ),
    CudaMutant("edit_distance.cu", "a[i - 1] == b[d - i - 1]", "a[i - 1] == b[d - i]", EDITS),
    CudaMutant("edit_distance.cu", "SQ_MOVE = SQ_EDIT + 1", "SQ_MOVE = SQ_EDIT", EDITS),
    CudaMutant("edit_distance.cu", "rows_are_hypotheses ? m - n : n - m", "m - n", EDITS),
]
