// Matrix products. A weight matrix lies in WRAM in the order that `__bang_reshape_filter` gives.
//
// The real bank layout is not public; the simulator's order (64 banks, row r in bank r % 64) differs from row-major
// whenever there are more than 64 rows, so that a weight that was not reshaped gives wrong data.
#pragma once

#include <cmath>
#include <type_traits>

#include "bang/memory.h"

/// A filter of n x h x w x c (channels innermost) into the order of WRAM's 64 banks, NRAM to NRAM; then copy it by NRAM2WRAM.
/// @group matrix
/// @units elements; n divisible by 64, h * w * c * sizeof(T) by 128 bytes on 2xx, by 64 bytes from 3xx on
template <class T>
void __bang_reshape_filter(T *dst, const T *src, int n, int h, int w, int c, XP_WHERE) {
  XP_CHECK;
  check.need(n > 0 && h > 0 && w > 0 && c > 0, "a size is not positive");
  check.need(n % 64 == 0, "n is not divisible by 64");
  const size_t row = static_cast<size_t>(h) * w * c, size = row * n;
  check.need(row * sizeof(T) % (__BANG_ARCH__ < 300 ? 128 : 64) == 0, "row bytes not aligned");
  check.in(src, size);
  check.out(dst, size);
  check.apart(dst, size, src, size);
  // bank b holds the rows b, b + 64, ...: rows of one bank are contiguous
  const size_t per_bank = static_cast<size_t>(n) / 64;
  for (size_t r = 0; r < static_cast<size_t>(n); ++r) {
    std::memcpy(dst + (r % 64 * per_bank + r / 64) * row, src + r * row, row * sizeof(T));
  }
}

/// Convolution: dst[ho][wo][co] = sum over kh, kw, ci of src[ho * sh + kh][wo * sw + kw][ci] * kernel[co][kh][kw][ci].
/// src is height x width x channel_input in NRAM, kernel in WRAM, reshaped; no padding, partial windows are dropped.
/// @group matrix
/// @units elements; channel_output divisible by 64, kernel_height * kernel_width * channel_input * sizeof(half) by 64 bytes
inline void __bang_conv(float *dst, const half *src, const half *kernel, int channel_input, int height, int width,
                        int kernel_height, int kernel_width, int stride_width, int stride_height, int channel_output,
                        XP_WHERE) {
  XP_CHECK;
  check.need(channel_input > 0 && height > 0 && width > 0 && kernel_height > 0 && kernel_width > 0 &&
                 channel_output > 0, "a size is not positive");
  check.need(stride_width > 0 && stride_height > 0, "a stride is not positive");
  check.need(kernel_height <= height && kernel_width <= width, "the window is larger than the input");
  check.need(channel_output % 64 == 0, "channel_output is not divisible by 64");
  const size_t row = static_cast<size_t>(kernel_height) * kernel_width * channel_input;
  check.need(row * sizeof(half) % (__BANG_ARCH__ < 300 ? 128 : 64) == 0, "row bytes not aligned");
  const int ho = (height - kernel_height) / stride_height + 1, wo = (width - kernel_width) / stride_width + 1;
  const size_t in = static_cast<size_t>(height) * width * channel_input;
  const size_t out = static_cast<size_t>(ho) * wo * channel_output;
  check.in(src, in);
  check.in(kernel, row * channel_output, bang::Space::wram);
  check.out(dst, out);
  check.apart(dst, out, src, in);
  check.need(reinterpret_cast<uintptr_t>(kernel) % 32 == 0, "WRAM address not 32-byte aligned");
  for (int y = 0; y < ho; ++y) {
    for (int x = 0; x < wo; ++x) {
      for (int o = 0; o < channel_output; ++o) {
        const half *weight = kernel + static_cast<size_t>(o % 64 * (channel_output / 64) + o / 64) * row;
        float total = 0;
        for (int h = 0; h < kernel_height; ++h) {
          for (int i = 0; i < kernel_width * channel_input; ++i) {
            const size_t at = (static_cast<size_t>(y * stride_height + h) * width + x * stride_width) * channel_input + i;
            total += static_cast<float>(src[at]) * static_cast<float>(weight[h * kernel_width * channel_input + i]);
          }
        }
        dst[(static_cast<size_t>(y) * wo + x) * channel_output + o] = total;
      }
    }
  }
}

/// dst[m][n] = sum over k of src[m][k] * weight[n][k]; src M x K in NRAM, weight N x K in WRAM, reshaped; dst M x N in NRAM.
/// @group matrix
/// @units elements; n divisible by 64, k * sizeof(T) by 64 bytes
/// @arch 592
template <class T>
void __bang_matmul(float *dst, const T *src, const T *weight, int m, int k, int n, XP_WHERE) {
  XP_CHECK;
  check.arch(592);
  check.need(m > 0 && k > 0 && n > 0, "a size is not positive");
  check.need(n % 64 == 0, "n is not divisible by 64");
  check.need(static_cast<size_t>(k) * sizeof(T) % 64 == 0, "row bytes not divisible by 64");
  check.in(src, static_cast<size_t>(m) * k);
  check.in(weight, static_cast<size_t>(n) * k, bang::Space::wram);
  check.out(dst, static_cast<size_t>(m) * n);
  check.apart(dst, static_cast<size_t>(m) * n, src, static_cast<size_t>(m) * k);
  check.need(reinterpret_cast<uintptr_t>(weight) % 32 == 0, "WRAM address not 32-byte aligned");
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      const T *row = weight + static_cast<size_t>(j % 64 * (n / 64) + j / 64) * k;
      float total = 0;
      for (int x = 0; x < k; ++x) total += static_cast<float>(src[i * k + x]) * static_cast<float>(row[x]);
      dst[static_cast<size_t>(i) * n + j] = total;
    }
  }
}

/// dst[h] = sum over w of src[w] * weight[h][w], scaled by 2^fix_position; integer operands; weight in WRAM, reshaped.
/// @group matrix
/// @units elements; height divisible by 64
template <class T>
void __bang_mlp(float *dst, const T *src, const T *weight, int height, int width, int fix_position, XP_WHERE) {
  XP_CHECK;
  static_assert(std::is_same<T, int8>::value || std::is_same<T, int16>::value, "int8 or int16 operands");
  check.count(height);
  check.count(width);
  check.need(height % 64 == 0, "height is not divisible by 64");
  check.in(src, width);
  check.in(weight, static_cast<size_t>(height) * width, bang::Space::wram);
  check.out(dst, height);
  check.apart(dst, height, src, width);
  for (int h = 0; h < height; ++h) {
    const T *row = weight + static_cast<size_t>(h % 64 * (height / 64) + h / 64) * width;
    int64_t total = 0;
    for (int w = 0; w < width; ++w) total += static_cast<int64_t>(src[w]) * row[w];
    dst[h] = static_cast<float>(std::ldexp(static_cast<double>(total), fix_position));
  }
}
