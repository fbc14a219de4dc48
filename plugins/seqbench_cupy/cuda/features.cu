// SPDX-License-Identifier: Apache-2.0
// A34: power spectrogram (Allen & Rabiner 1977) and log-mel spectrogram (Davis & Mermelstein 1980).
//
// signal (N, B), lengths (B,) samples, window (W,); power (T, B, F), features (T, B, M), both zero
// past a sequence's frames; frames (B,). F = P / 2 + 1 bins of an FFT of P points.
//
// `spectrum` gives a warp a frame: the windowed frame is packed as P / 2 complex numbers in shared
// memory, transformed by Stockham's autosort FFT (radix 4, one radix-2 pass where log2 is odd; Van
// Loan 1992, section 1.7) from one half of the warp's buffer to the other, and unpacked into the
// spectrum of P real ones. Twiddles e^(-2 pi i k / P) come from a table (P, 2), exact to the dtype.
// P is a power of two of at least 4; any other goes through `windowed`, the library's FFT, `powers`.
#include "sq_common.cuh"

constexpr int NO_PADDING = 0, ZERO = 1, REFLECT = 2;

// Frames of a sequence of `samples`.
__device__ __forceinline__ int frames_of(int samples, int W, int hop, int padding) {
  if (padding == NO_PADDING) return samples >= W ? 1 + (samples - W) / hop : 0;
  return samples > 0 ? 1 + samples / hop : 0;
}

// Sample w of frame t times the window; zero outside the sequence, mirrored there if REFLECT.
template <typename T>
__device__ T windowed_sample(const T* signal, const T* window, int samples, int t, int b, int w, int B, int W,
                             int hop, int padding) {
  const long long last = (long long)samples - 1;
  long long place = (long long)t * hop + w - (padding == NO_PADDING ? 0 : W / 2);
  if (padding == REFLECT) {  // about sample 0, then about the last
    place = place < 0 ? -place : place;
    place = last - (place > last ? place - last : last - place);
  }
  return place >= 0 && place <= last ? signal[place * B + b] * window[w] : T(0);
}

template <typename T> struct Complex {
  T re, im;
  __device__ Complex operator+(Complex o) const { return {re + o.re, im + o.im}; }
  __device__ Complex operator-(Complex o) const { return {re - o.re, im - o.im}; }
  __device__ Complex operator*(Complex o) const { return {re * o.re - im * o.im, re * o.im + im * o.re}; }
  __device__ Complex times_i() const { return {-im, re}; }
};

// One pass over M complex numbers by a warp: sub-transforms of n points, `step` of them finished.
// unit = P / n turns a power of e^(-2 pi i / n) into a row of the table.
template <int Radix, typename T>
__device__ void stockham_pass(const Complex<T>* in, Complex<T>* out, const Complex<T>* table, int M, int n,
                              int step, int unit, int lane) {
  const int m = n / Radix;
  for (int i = lane; i < M / Radix; i += SQ_WARP) {
    const int p = i / step, q = i % step;
    Complex<T> x[Radix];
    for (int k = 0; k < Radix; ++k) x[k] = in[q + step * (p + m * k)];
    Complex<T>* y = out + q + step * Radix * p;
    if (Radix == 2) {
      y[0] = x[0] + x[1];
      y[step] = x[0] - x[1];  // always the last pass: n = 2, its twiddle is 1
    } else {
      const Complex<T> even = x[0] + x[2], odd = x[1] + x[Radix - 1];
      const Complex<T> even_less = x[0] - x[2], turned = (x[1] - x[Radix - 1]).times_i();
      y[0] = even + odd;
      y[step] = (even_less - turned) * table[p * unit];
      y[2 * step] = (even - odd) * table[2 * p * unit];
      y[3 * step] = (even_less + turned) * table[3 * p * unit];
    }
  }
  __syncwarp();  // the next pass reads what other lanes wrote
}

// The transform of M = P / 2 points in the warp's buffer (2 M); where the result lies.
template <typename T>
__device__ Complex<T>* transform(Complex<T>* buffer, const Complex<T>* table, int P, int lane) {
  const int M = P / 2;
  Complex<T>*in = buffer, *out = buffer + M;
  int n = M, step = 1;
  while (n > 1) {
    const bool by_four = n % 4 == 0;
    if (by_four)
      stockham_pass<4>(in, out, table, M, n, step, P / n, lane);
    else
      stockham_pass<2>(in, out, table, M, n, step, P / n, lane);
    const int radix = by_four ? 4 : 2;
    n /= radix;
    step *= radix;
    Complex<T>* other = in;
    in = out;
    out = other;
  }
  return in;
}

// Bin k of P real points whose packed halves have the transform z (M).
template <typename T>
__device__ T power_of_bin(const Complex<T>* z, const Complex<T>* table, int M, int k) {
  const Complex<T> a = z[k % M], b = z[(M - k) % M], conjugate = {b.re, -b.im};
  const Complex<T> even = a + conjugate, odd = ((a - conjugate) * table[k]).times_i();
  const Complex<T> twice = even - odd;
  return (twice.re * twice.re + twice.im * twice.im) / T(4);
}

// Power (no filters) or log-mel features. A warp a frame, row = t * B + b, so that the warps of a
// block read neighbouring sequences at the same samples. filters (F, M), bands (M, 2): first bin and
// end of each filter's support; scratch of a warp in shared memory: 2 M complex numbers, P + 1 used.
template <typename T, bool Mel>
__global__ void spectrum(const T* __restrict__ signal, const int* __restrict__ lengths,
                         const T* __restrict__ window, const T* __restrict__ twiddles,
                         const T* __restrict__ filters, const int* __restrict__ bands, T* __restrict__ out,
                         int rows, int B, int W, int P, int mels, int hop, int padding, T floor, T log_scale) {
  SQ_DYN_SHARED(Complex<T>, buffers);
  const int lane = threadIdx.x % SQ_WARP, warp = threadIdx.x / SQ_WARP;
  const int row = blockIdx.x * (blockDim.x / SQ_WARP) + warp;
  if (row >= rows) return;  // a whole warp; there is no barrier of the block
  const int t = row / B, b = row % B, M = P / 2, size = Mel ? mels : M + 1;
  const long long start = (long long)row * size;
  if (t >= frames_of(lengths[b], W, hop, padding)) {
    for (int i = lane; i < size; i += SQ_WARP) out[start + i] = T(0);
    return;
  }
  Complex<T>* buffer = buffers + (long long)warp * P;
  for (int i = lane; i < M; i += SQ_WARP) {
    T pair[2];
    for (int k = 0; k < 2; ++k) {
      const int w = 2 * i + k;
      pair[k] = w < W ? windowed_sample(signal, window, lengths[b], t, b, w, B, W, hop, padding) : T(0);
    }
    buffer[i] = {pair[0], pair[1]};
  }
  __syncwarp();
  const Complex<T>* table = reinterpret_cast<const Complex<T>*>(twiddles);
  Complex<T>* z = transform(buffer, table, P, lane);
  if (!Mel) {
    for (int k = lane; k <= M; k += SQ_WARP) out[start + k] = power_of_bin(z, table, M, k);
    return;
  }
  T* powers = reinterpret_cast<T*>(z == buffer ? buffer + M : buffer);  // the half that z is not in
  for (int k = lane; k <= M; k += SQ_WARP) powers[k] = power_of_bin(z, table, M, k);
  __syncwarp();
  for (int m = lane; m < mels; m += SQ_WARP) {
    T sum = T(0);
    for (int k = bands[2 * m]; k < bands[2 * m + 1]; ++k) sum += powers[k] * filters[k * mels + m];
    out[start + m] = sq_log(sq_max(sum, floor)) * log_scale;
  }
}

// bands (M, 2) of filters (F, M): the first bin that is not zero and the end after the last.
template <typename T>
__global__ void filter_bands(const T* __restrict__ filters, int* __restrict__ bands, int bins, int mels) {
  const int m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m >= mels) return;
  int first = bins, end = 0;
  for (int k = 0; k < bins; ++k)
    if (filters[k * mels + m] != T(0)) {
      first = min(first, k);
      end = k + 1;
    }
  bands[2 * m] = first;
  bands[2 * m + 1] = end;
}

// frames (B,) of each sequence.
extern "C" __global__ void frame_counts(const int* __restrict__ lengths, int* __restrict__ frames, int B, int W,
                                        int hop, int padding) {
  const int b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b < B) frames[b] = frames_of(lengths[b], W, hop, padding);
}

// frames (T, B, W) times the window, for the library's FFT. A thread a sample.
template <typename T>
__global__ void windowed(const T* __restrict__ signal, const int* __restrict__ lengths,
                         const T* __restrict__ window, T* __restrict__ framed, long long count, int B, int W,
                         int hop, int padding) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const int w = int(i % W), b = int(i / W % B), t = int(i / W / B);
    const bool inside = t < frames_of(lengths[b], W, hop, padding);
    framed[i] = inside ? windowed_sample(signal, window, lengths[b], t, b, w, B, W, hop, padding) : T(0);
  }
}

// power (count,) of a spectrum (count, 2), real and imaginary parts.
template <typename T>
__global__ void powers(const T* __restrict__ spectrum, T* __restrict__ power, long long count) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride)
    power[i] = spectrum[2 * i] * spectrum[2 * i] + spectrum[2 * i + 1] * spectrum[2 * i + 1];
}

// features (rows, M) in place: logarithms inside each sequence's frames, zero past them.
template <typename T>
__global__ void logarithms(T* __restrict__ mels, const int* __restrict__ frames, long long count, int B, int M,
                           T floor, T log_scale) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += stride) {
    const long long row = i / M;
    const bool inside = row / B < frames[row % B];
    mels[i] = inside ? sq_log(sq_max(mels[i], floor)) * log_scale : T(0);
  }
}
