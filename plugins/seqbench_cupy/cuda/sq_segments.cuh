// SPDX-License-Identifier: Apache-2.0
// Rows summed by id in a fixed order, so that the same call gives the same bits again.
//
// `order` lists the entries by id, equal ids in their own order (a stable sort). A warp walks a tile
// of SQ_TILE places of it and keeps the sum of the run it is in; each lane has W neighbouring
// columns, blockIdx.y tells which. A run that lies in one tile is finished at once. One that crosses
// a border leaves a part: in slot 0 of each tile that it entered from the tile before, in slot 1 of
// the tile where it begins. A second launch adds these parts, a block a run. Every run is finished
// by one warp, once, so `finish` may update its row in place.
#pragma once
#include "sq_pack.cuh"

constexpr int SQ_TILE = 32;         // places a warp, as many as lanes: order and ids in registers
constexpr int SQ_AHEAD = 4;         // rows on their way before the first is added
constexpr int SQ_CARRY_WARPS = 8;   // of a block that adds parts
constexpr int SQ_NOBODY = -2;       // past the ends; -1 is an entry that counts nowhere

// ids (count,); order (count,); rows (count, E); extra (count,) or null, one more number an entry;
// partial (tiles, 2, E) and partial_extra (tiles, 2), scratch.
template <typename T> struct SqEntries {
  const int* ids;
  const long long* order;
  const T *rows, *extra;
  T *partial, *partial_extra;
  long long count;
  int E;

  __device__ int id(long long place) const {
    return place < 0 || place >= count ? SQ_NOBODY : ids[order[place]];
  }
};

// What a lane has summed: W columns, and the extra number (the same in every lane).
template <typename T, int W> struct SqSum {
  SqPack<T, W> columns;
  T extra;
};

template <typename T, int W> __device__ __forceinline__ SqSum<T, W> sq_nothing() {
  return {sq_zeros<T, W>(), T(0)};
}

template <int W, typename T>
__device__ void sq_keep_part(const SqEntries<T>& all, long long slot, int column, const SqSum<T, W>& sum) {
  if (column < all.E) sq_store<W>(all.partial + slot * all.E + column, sum.columns);
  if (column == 0) all.partial_extra[slot] = sum.extra;
}

// finish(id, column, sum) is called once for each id and each pack of columns.
template <int W, typename T, typename Finish>
__device__ void sq_sum_tile(const SqEntries<T>& all, const Finish& finish) {
  const int lane = threadIdx.x % SQ_WARP, warps = blockDim.x / SQ_WARP;
  const long long tile = blockIdx.x * (long long)warps + threadIdx.x / SQ_WARP;
  const long long first = tile * SQ_TILE;
  if (first >= all.count) return;  // a whole warp
  const int length = all.count - first < SQ_TILE ? int(all.count - first) : SQ_TILE;
  const long long my_entry = lane < length ? all.order[first + lane] : 0;
  const int my_id = lane < length ? all.ids[my_entry] : SQ_NOBODY;
  const int before = all.id(first - 1), after = all.id(first + SQ_TILE);
  const int column = (blockIdx.y * SQ_WARP + lane) * W;

  SqSum<T, W> sum = sq_nothing<T, W>();
  int id = __shfl_sync(SQ_FULL, my_id, 0);
  auto flush = [&]() {
    if (id < 0) return;
    if (id == before) sq_keep_part(all, 2 * tile, column, sum);
    else if (id == after) sq_keep_part(all, 2 * tile + 1, column, sum);
    else if (column < all.E) finish(id, column, sum);
  };
  for (int base = 0; base < length; base += SQ_AHEAD) {
    SqPack<T, W> ahead[SQ_AHEAD];
    T ahead_extra[SQ_AHEAD];
#pragma unroll
    for (int j = 0; j < SQ_AHEAD; ++j) {
      const long long entry = __shfl_sync(SQ_FULL, my_entry, (base + j) % SQ_TILE);
      const int entry_id = __shfl_sync(SQ_FULL, my_id, (base + j) % SQ_TILE);
      const bool counts = base + j < length && entry_id >= 0;
      ahead[j] = counts && column < all.E ? sq_load<W>(all.rows + entry * all.E + column) : sq_zeros<T, W>();
      ahead_extra[j] = counts && all.extra != nullptr ? all.extra[entry] : T(0);
    }
#pragma unroll
    for (int j = 0; j < SQ_AHEAD; ++j) {
      if (base + j >= length) break;
      const int next = __shfl_sync(SQ_FULL, my_id, base + j);
      if (next != id) {
        flush();
        sum = sq_nothing<T, W>();
        id = next;
      }
      sq_add(sum.columns, ahead[j]);
      sum.extra += ahead_extra[j];
    }
  }
  flush();
}

// The last place of the run that goes on past `place`; ids never fall along the order.
template <typename T> __device__ long long sq_run_end(const SqEntries<T>& all, long long place) {
  const int id = all.id(place);
  long long inside = place, outside = all.count;
  while (outside - inside > 1) {
    const long long middle = inside + (outside - inside) / 2;
    if (all.id(middle) == id) inside = middle;
    else outside = middle;
  }
  return inside;
}

// A block of SQ_CARRY_WARPS warps a tile: works where the tile's last run begins in it and goes on.
template <int W, typename T, typename Finish>
__device__ void sq_sum_parts(const SqEntries<T>& all, const Finish& finish) {
  __shared__ SqSum<T, W> shares[SQ_CARRY_WARPS][SQ_WARP];
  const long long tile = blockIdx.x, first = tile * SQ_TILE, last = first + SQ_TILE - 1;
  const int id = all.id(last);
  const bool goes_on = id >= 0 && id == all.id(last + 1);
  const bool entered = all.id(first) == id && all.id(first - 1) == id;
  if (!goes_on || entered) return;  // a whole block
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int column = (blockIdx.y * SQ_WARP + lane) * W;
  const long long end_tile = sq_run_end(all, last + 1) / SQ_TILE;
  SqSum<T, W> sum = sq_nothing<T, W>();
  for (long long u = tile + 1 + warp; u <= end_tile; u += SQ_CARRY_WARPS) {
    if (column < all.E) sq_add(sum.columns, sq_load<W>(all.partial + 2 * u * all.E + column));
    sum.extra += all.partial_extra[2 * u];
  }
  shares[warp][lane] = sum;
  __syncthreads();
  if (warp > 0 || column >= all.E) return;
  sum = {sq_load<W>(all.partial + (2 * tile + 1) * all.E + column), all.partial_extra[2 * tile + 1]};
  for (int w = 0; w < SQ_CARRY_WARPS; ++w) {
    sq_add(sum.columns, shares[w][lane].columns);
    sum.extra += shares[w][lane].extra;
  }
  finish(id, column, sum);
}
