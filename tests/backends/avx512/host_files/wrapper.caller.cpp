#include <cstdio>
struct CUstream_st;
extern "C" void launch_nearest(const float*, const float*, int, float, float, float*, CUstream_st*);
extern "C" int launch_pairwise(const float*, const float*, int, float*);
int main() { float x[70], y[70], o[70], p[4900]; for (int i = 0; i < 70; ++i) x[i] = i, y[i] = 2 * i;
  launch_nearest(x, y, 70, 1.f, 1.f, o, nullptr); launch_pairwise(x, y, 70, p);
  bool ok = true; for (int i = 0; i < 70; ++i) { ok &= o[i] == (x[i]-1)*(x[i]-1)+(y[i]-1)*(y[i]-1); for (int j = 0; j < 70; ++j) ok &= p[i*70+j] == 5.f*(i-j)*(i-j); }
  puts(ok ? "OK" : "BAD"); }
