// SPDX-License-Identifier: Apache-2.0
// A sort of what a block selected.
#pragma once

// Sort by value downwards, ties downwards (indices upwards); `count` is a power of two. Bitonic
// (Batcher 1968): the order of the threads does not matter.
template <typename Key>
__device__ void sq_sort_descending(Key* values, unsigned int* ties, int count) {
  for (int size = 2; size <= count; size *= 2)
    for (int distance = size / 2; distance > 0; distance /= 2) {
      __syncthreads();
      for (int i = threadIdx.x; i < count / 2; i += blockDim.x) {
        const int low = 2 * i - (i & (distance - 1)), high = low + distance;
        const bool downwards = (low & size) == 0;
        const bool less = values[low] < values[high] || (values[low] == values[high] && ties[low] < ties[high]);
        if (less == downwards) {
          const Key value = values[low];
          const unsigned int tie = ties[low];
          values[low] = values[high];
          ties[low] = ties[high];
          values[high] = value;
          ties[high] = tie;
        }
      }
    }
  __syncthreads();
}
