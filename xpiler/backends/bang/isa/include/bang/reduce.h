// Windows, reductions, data layout. `dst` must not overlap a source.
#pragma once

#include "bang/arithmetic.h"

namespace bang {

// Walk the windows of an H x W x C tensor (channels innermost); windows that stick out are dropped.
template <class T, class Start, class Step, class End>
void windows(T *dst, const T *src, int channel, int height, int width, int kernel_height, int kernel_width,
             int stride_width, int stride_height, Start start, Step step, End end) {
  const int rows = (height - kernel_height) / stride_height + 1;
  const int columns = (width - kernel_width) / stride_width + 1;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      for (int c = 0; c < channel; ++c) {
        float value = start;
        for (int i = 0; i < kernel_height; ++i) {
          for (int j = 0; j < kernel_width; ++j) {
            value = step(value, src[((y * stride_height + i) * width + x * stride_width + j) * channel + c]);
          }
        }
        dst[(y * columns + x) * channel + c] = T(end(value));
      }
    }
  }
}

template <class T>
void check_windows(const Check &check, T *dst, const T *src, int channel, int height, int width, int kernel_height,
                   int kernel_width, int stride_width, int stride_height) {
  check.need(channel > 0 && height > 0 && width > 0, "a size is not positive");
  check.need(kernel_height > 0 && kernel_width > 0 && kernel_height <= height && kernel_width <= width, "window does not fit");
  check.need(stride_width > 0 && stride_height > 0, "a stride is not positive");
  if (__BANG_ARCH__ < 300) check.need(channel * sizeof(T) % 128 == 0, "channel bytes not divisible by 128");
  const int rows = (height - kernel_height) / stride_height + 1;
  const int columns = (width - kernel_width) / stride_width + 1;
  check.in(src, static_cast<size_t>(channel) * height * width);
  check.out(dst, static_cast<size_t>(channel) * rows * columns);
  check.apart(dst, static_cast<size_t>(channel) * rows * columns, src, static_cast<size_t>(channel) * height * width);
}

}  // namespace bang

/// dst = the sum of each window, the additions in row-major order of an H x W x C tensor (channels innermost), per channel; partial windows are dropped.
/// @group reduce
/// @units elements
template <class T>
void __bang_sumpool(T *dst, const T *src, int channel, int height, int width, int kernel_height, int kernel_width,
                    int stride_width, int stride_height, XP_WHERE) {
  XP_CHECK;
  bang::check_windows(check, dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height);
  bang::windows(
      dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height, 0.0f,
      [](float a, float b) { return a + b; }, [](float a) { return a; });
}

/// dst = the mean of each window of an H x W x C tensor (channels innermost), per channel; partial windows are dropped.
/// @group reduce
/// @units elements
template <class T>
void __bang_avgpool(T *dst, const T *src, int channel, int height, int width, int kernel_height, int kernel_width,
                    int stride_width, int stride_height, XP_WHERE) {
  XP_CHECK;
  bang::check_windows(check, dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height);
  bang::windows(
      dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height, 0.0f,
      [](float a, float b) { return a + b; }, [&](float a) { return a / static_cast<float>(kernel_height * kernel_width); });
}

/// dst = the largest element of each window of an H x W x C tensor (channels innermost), per channel; partial windows are dropped.
/// @group reduce
/// @units elements
template <class T>
void __bang_maxpool(T *dst, const T *src, int channel, int height, int width, int kernel_height, int kernel_width,
                    int stride_width, int stride_height, XP_WHERE) {
  XP_CHECK;
  bang::check_windows(check, dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height);
  bang::windows(
      dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height, -INFINITY,
      [](float a, float b) { return b > a ? b : a; }, [](float a) { return a; });
}

/// dst = the smallest element of each window of an H x W x C tensor (channels innermost), per channel; partial windows are dropped.
/// @group reduce
/// @units elements
template <class T>
void __bang_minpool(T *dst, const T *src, int channel, int height, int width, int kernel_height, int kernel_width,
                    int stride_width, int stride_height, XP_WHERE) {
  XP_CHECK;
  bang::check_windows(check, dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height);
  bang::windows(
      dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height, INFINITY,
      [](float a, float b) { return b < a ? b : a; }, [](float a) { return a; });
}

/// Returns the sum of the elements.
/// @group reduce
/// @units elements
/// @arch 392
template <class T>
float __bang_sum(const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(392);
  check.count(elem_count);
  check.in(src, elem_count);
  float total = 0;
  for (int i = 0; i < elem_count; ++i) total += src[i];
  return total;
}

/// dst[0] = the maximum, dst[1] = the bits of the index (unsigned) of the first one.
/// @group reduce
/// @units elements
inline void __bang_argmax(float *dst, const float *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, 2);
  check.apart(dst, 2, src, elem_count);
  unsigned int best = 0;
  for (int i = 1; i < elem_count; ++i) best = src[i] > src[best] ? static_cast<unsigned int>(i) : best;
  dst[0] = src[best];
  std::memcpy(dst + 1, &best, sizeof best);
}

/// dst[0] = the minimum, dst[1] = the bits of the index (unsigned) of the first one.
/// @group reduce
/// @units elements
inline void __bang_argmin(float *dst, const float *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, 2);
  check.apart(dst, 2, src, elem_count);
  unsigned int best = 0;
  for (int i = 1; i < elem_count; ++i) best = src[i] < src[best] ? static_cast<unsigned int>(i) : best;
  dst[0] = src[best];
  std::memcpy(dst + 1, &best, sizeof best);
}

/// src[height][width] -> dst[width][height].
/// @group layout
/// @units elements
template <class T>
void __bang_transpose(T *dst, const T *src, int height, int width, XP_WHERE) {
  XP_CHECK;
  check.count(height);
  check.count(width);
  if (__BANG_ARCH__ < 300) {
    check.need(height * sizeof(T) % 128 == 0 && width * sizeof(T) % 128 == 0, "a side is not divisible by 128 bytes");
  }
  const size_t n = static_cast<size_t>(height) * width;
  check.in(src, n);
  check.out(dst, n);
  check.apart(dst, n, src, n);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) dst[x * height + y] = src[y * width + x];
  }
}

/// A height x width matrix turned clockwise by 90 degrees.
/// @group layout
/// @units elements
template <class T>
void __bang_rotate90(T *dst, const T *src, int height, int width, XP_WHERE) {
  XP_CHECK;
  check.count(height);
  check.count(width);
  if (__BANG_ARCH__ < 300) {
    check.need(height * sizeof(T) % 128 == 0 && width * sizeof(T) % 128 == 0, "a side is not divisible by 128 bytes");
  }
  const size_t n = static_cast<size_t>(height) * width;
  check.in(src, n);
  check.out(dst, n);
  check.apart(dst, n, src, n);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) dst[x * height + height - 1 - y] = src[y * width + x];
  }
}

/// A height x width matrix turned by 180 degrees.
/// @group layout
/// @units elements
template <class T>
void __bang_rotate180(T *dst, const T *src, int height, int width, XP_WHERE) {
  XP_CHECK;
  check.count(height);
  check.count(width);
  if (__BANG_ARCH__ < 300) {
    check.need(height * sizeof(T) % 128 == 0 && width * sizeof(T) % 128 == 0, "a side is not divisible by 128 bytes");
  }
  const size_t n = static_cast<size_t>(height) * width;
  check.in(src, n);
  check.out(dst, n);
  check.apart(dst, n, src, n);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) dst[(height - 1 - y) * width + width - 1 - x] = src[y * width + x];
  }
}

/// A height x width matrix turned clockwise by 270 degrees.
/// @group layout
/// @units elements
template <class T>
void __bang_rotate270(T *dst, const T *src, int height, int width, XP_WHERE) {
  XP_CHECK;
  check.count(height);
  check.count(width);
  if (__BANG_ARCH__ < 300) {
    check.need(height * sizeof(T) % 128 == 0 && width * sizeof(T) % 128 == 0, "a side is not divisible by 128 bytes");
  }
  const size_t n = static_cast<size_t>(height) * width;
  check.in(src, n);
  check.out(dst, n);
  check.apart(dst, n, src, n);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) dst[(width - 1 - x) * height + y] = src[y * width + x];
  }
}

/// Each row of a height x width matrix reversed.
/// @group layout
/// @units elements
template <class T>
void __bang_mirror(T *dst, const T *src, int height, int width, XP_WHERE) {
  XP_CHECK;
  check.count(height);
  check.count(width);
  if (__BANG_ARCH__ < 300) {
    check.need(height * sizeof(T) % 128 == 0 && width * sizeof(T) % 128 == 0, "a side is not divisible by 128 bytes");
  }
  const size_t n = static_cast<size_t>(height) * width;
  check.in(src, n);
  check.out(dst, n);
  check.apart(dst, n, src, n);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) dst[y * width + width - 1 - x] = src[y * width + x];
  }
}

/// An H x W x C tensor (channels innermost) with `pad_height` zero rows above and below and `pad_width` zero columns on both sides.
/// @group layout
/// @units elements
template <class T>
void __bang_pad(T *dst, const T *src, int channel, int height, int width, int pad_height, int pad_width, XP_WHERE) {
  XP_CHECK;
  check.need(channel > 0 && height > 0 && width > 0 && pad_height >= 0 && pad_width >= 0, "a size is out of range");
  const int rows = height + 2 * pad_height, columns = width + 2 * pad_width;
  const size_t n = static_cast<size_t>(channel) * rows * columns, m = static_cast<size_t>(channel) * height * width;
  check.in(src, m);
  check.out(dst, n);
  check.apart(dst, n, src, m);
  for (size_t i = 0; i < n; ++i) dst[i] = T(0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * channel; ++x) {
      dst[((y + pad_height) * columns + pad_width) * channel + x] = src[y * width * channel + x];
    }
  }
}

/// dst[i] = i.
/// @group layout
/// @units elements
/// @arch 592
template <class T>
void __bang_incseq(T *dst, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(592);
  check.count(elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(i);
}
