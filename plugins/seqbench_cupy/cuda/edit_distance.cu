// SPDX-License-Identifier: Apache-2.0
// A36, the counts behind CER and WER (Levenshtein 1966; Wagner & Fischer 1974): by anti-diagonals, a
// block a pair.
//
// rows (N, La), columns (N, Lb) ids: hypotheses and references, the shorter axis first, as
// `rows_are_hypotheses` says; lengths (N,); counts (3, N): substitutions, insertions, deletions.
// A cell is edits in the upper half of 64 bits and insertions and deletions in the lower: the
// smallest number has the fewest edits, of these the fewest moves. Dynamic shared memory: three
// diagonals of La + 1 cells. One barrier a diagonal: what it writes was read two barriers ago.
#include "sq_common.cuh"

constexpr unsigned long long SQ_EDIT = 1ull << 32, SQ_MOVE = SQ_EDIT + 1;

__global__ void edit_distance(const int* __restrict__ rows, const int* __restrict__ row_lengths,
                              const int* __restrict__ columns, const int* __restrict__ column_lengths,
                              long long* __restrict__ counts, int N, int La, int Lb,
                              bool rows_are_hypotheses) {
  SQ_DYN_SHARED(unsigned long long, cells);
  const int pair = blockIdx.x, m = row_lengths[pair], n = column_lengths[pair];
  const int* a = rows + (long long)pair * La;
  const int* b = columns + (long long)pair * Lb;
  unsigned long long* before = cells;  // cell (i, j) at i, of the diagonals i + j = d - 2, d - 1, d
  unsigned long long* current = cells + La + 1;
  unsigned long long* next = cells + 2 * (La + 1);
  if (threadIdx.x == 0) current[0] = 0;
  __syncthreads();
  for (int d = 1; d <= m + n; d++) {
    const int last = d < m ? d : m;
    for (int i = (d > n ? d - n : 0) + threadIdx.x; i <= last; i += blockDim.x) {
      unsigned long long best = ~0ull;
      if (i < d) best = current[i] + SQ_MOVE;  // from (i, j - 1)
      if (i > 0) {
        const unsigned long long moved = current[i - 1] + SQ_MOVE;  // from (i - 1, j)
        best = moved < best ? moved : best;
      }
      if (i > 0 && i < d) {
        const unsigned long long both = before[i - 1] + (a[i - 1] == b[d - i - 1] ? 0 : SQ_EDIT);
        best = both < best ? both : best;
      }
      next[i] = best;
    }
    __syncthreads();
    unsigned long long* oldest = before;
    before = current;
    current = next;
    next = oldest;
  }
  if (threadIdx.x > 0) return;
  const unsigned long long cost = current[m];
  const long long edits = (long long)(cost >> 32), moves = (long long)(cost & 0xffffffffull);
  const long long surplus = rows_are_hypotheses ? m - n : n - m;
  const long long insertions = (moves + surplus) / 2;
  counts[pair] = edits - moves;
  counts[N + pair] = insertions;
  counts[2 * (long long)N + pair] = moves - insertions;
}
