// SPDX-License-Identifier: Apache-2.0
// Kernels that exercise the emulator: one of each way in which threads work together.
// sq_grid.cuh is put in front of this text.

// Sum over the block, in every thread. blockDim.x is a multiple of 32.
__device__ float block_sum(float value) {
  __shared__ float partial[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, num_warps = blockDim.x / 32;
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  __syncthreads();  // an earlier call's readers of `partial` have finished
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = lane < num_warps ? partial[lane] : 0.f;
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    if (lane == 0) partial[0] = value;
  }
  __syncthreads();
  return partial[0];
}

// sums (2): of x (n) and of its squares; one block.
extern "C" __global__ void two_sums(const float* x, float* sums, int n) {
  float first = 0.f, second = 0.f;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    first += x[i];
    second += x[i] * x[i];
  }
  first = block_sum(first);
  second = block_sum(second);
  if (threadIdx.x == 0) sums[0] = first;
  if (threadIdx.x == 0) sums[1] = second;
}

// Softmax of each row of x (rows, n), one block a row, its exponentials in dynamic shared memory.
template <typename T>
__global__ void softmax(const T* __restrict__ x, T* __restrict__ y, int n) {
  SQ_DYN_SHARED(T, row);
  __shared__ T largest, total;
  const T* mine = x + static_cast<long long>(blockIdx.x) * n;
  for (int i = threadIdx.x; i < n; i += blockDim.x) row[i] = mine[i];
  __syncthreads();
  if (threadIdx.x == 0) {
    largest = row[0];
    for (int i = 1; i < n; i++) largest = max(largest, row[i]);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) row[i] = exp(row[i] - largest);
  __syncthreads();
  if (threadIdx.x == 0) {
    total = 0;
    for (int i = 0; i < n; i++) total += row[i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    y[static_cast<long long>(blockIdx.x) * n + i] = row[i] / total;
}

// counts (bins) += histogram of ids (n); shared counts first, then one atomic a bin and block.
extern "C" __global__ void histogram(const int* ids, unsigned* counts, int n, int bins) {
  SQ_DYN_SHARED(unsigned, mine);
  for (int i = threadIdx.x; i < bins; i += blockDim.x) mine[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&mine[ids[i]], 1u);
  __syncthreads();
  for (int i = threadIdx.x; i < bins; i += blockDim.x)
    if (mine[i]) atomicAdd(&counts[i], mine[i]);
}

// Inclusive prefix sum of x (gridDim * blockDim) in place, by doubling: every step reads what other
// blocks wrote in the one before. `other` is as large as x; the result is in x after an even
// number of steps, and copied there otherwise.
extern "C" __global__ void scan(int* x, int* other, unsigned* arrivals) {
  const int n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  int *from = x, *to = other;
  for (int step = 1; step < n; step *= 2) {
    to[i] = from[i] + (i >= step ? from[i - step] : 0);
    sq_grid_sync(arrivals);
    int* swap = from;
    from = to;
    to = swap;
  }
  if (from != x) x[i] = from[i];
}

// Each block adds one to what its left neighbour hands on: data behind a flag.
extern "C" __global__ void relay(int* data, int* flags) {
  const int block = blockIdx.x;
  __shared__ int received;
  if (threadIdx.x == 0) {
    if (block > 0)
      while (!sq_load_acquire(&flags[block - 1])) sq_spin_pause();
    received = block > 0 ? data[(block - 1) * blockDim.x + blockDim.x - 1] : 0;
  }
  __syncthreads();
  data[block * blockDim.x + threadIdx.x] = received + 1;
  __syncthreads();
  if (threadIdx.x == 0) sq_store_release(&flags[block], 1);
}

// The same with relaxed accesses and fences: the last block to finish sums what all have written.
extern "C" __global__ void last_block_sums(int* partial, int* total, unsigned* finished) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = blockIdx.x + 1;
    __threadfence();
    last = atomicAdd(finished, 1u) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (last && threadIdx.x == 1) {
    int sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += partial[i];
    *total = sum;
  }
}

// Reverses each warp's 32 values through shared memory: __syncwarp is enough.
extern "C" __global__ void reverse_warps(const int* x, int* y) {
  SQ_DYN_SHARED(int, staged);
  const int lane = threadIdx.x % 32, first = threadIdx.x - lane;
  for (int round = 0; round < 2; round++) {
    staged[threadIdx.x] = x[threadIdx.x] + round;
    __syncwarp();
    y[threadIdx.x] = staged[first + 31 - lane];
    __syncwarp();
  }
}

// Sum over time of x (steps, blockDim) with double buffering: one barrier a step.
extern "C" __global__ void double_buffer(const int* x, int* y, int steps) {
  SQ_DYN_SHARED(int, buffers);
  int sum = 0;
  for (int t = 0; t < steps; t++) {
    int* now = buffers + t % 2 * blockDim.x;
    now[threadIdx.x] = x[t * blockDim.x + threadIdx.x];
    __syncthreads();
    sum += now[(threadIdx.x + 1) % blockDim.x];
  }
  y[threadIdx.x] = sum;
}
