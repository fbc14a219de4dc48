// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, section 3.3): the same bits as
// seqbench/kernels/philox.py. The key is the seed; the counter is the block, then the stream.
#pragma once

struct SqPhilox {
  unsigned int word[4];
};

__device__ __forceinline__ SqPhilox sq_philox(unsigned long long seed, unsigned long long stream,
                                              unsigned long long block) {
  SqPhilox c = {{(unsigned int)block, (unsigned int)(block >> 32), (unsigned int)stream,
                 (unsigned int)(stream >> 32)}};
  unsigned int k0 = (unsigned int)seed, k1 = (unsigned int)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const unsigned long long a = 0xD2511F53ull * c.word[0], b = 0xCD9E8D57ull * c.word[2];
    c = {{(unsigned int)(b >> 32) ^ c.word[1] ^ k0, (unsigned int)b,
          (unsigned int)(a >> 32) ^ c.word[3] ^ k1, (unsigned int)a}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// Number i < 2^63 of a stream in [0, 1): 53 bits of two words.
__device__ __forceinline__ double sq_uniform_double(unsigned long long seed, unsigned long long stream,
                                                    unsigned long long i) {
  const SqPhilox c = sq_philox(seed, stream, i >> 1);
  const unsigned int high = c.word[2 * (i & 1)] >> 5, low = c.word[2 * (i & 1) + 1] >> 6;
  return (high * 67108864.0 + low) * 1.1102230246251565e-16;  // 2^26, 2^-53
}

// Number i of a stream in [0, 1): the upper 24 bits of one word.
__device__ __forceinline__ float sq_uniform_float(unsigned long long seed, unsigned long long stream,
                                                  unsigned long long i) {
  const SqPhilox c = sq_philox(seed, stream, i >> 2);
  return float(c.word[i & 3] >> 8) * 5.9604644775390625e-8f;  // 2^-24
}
