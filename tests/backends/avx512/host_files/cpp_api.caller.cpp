#include <cstdio>
#include <vector>
struct CUstream_st;
namespace ops { enum class Mode { Relu, Neg }; struct Shape { int rows, cols; };
void apply(std::vector<float>&, Mode, CUstream_st*); void add_bias(float*, const float*, const Shape&); }
int main() { std::vector<float> v{-1, 2, -3, 4}; ops::apply(v, ops::Mode::Relu, nullptr); bool ok = v == std::vector<float>{0, 2, 0, 4};
  ops::apply(v, ops::Mode::Neg, nullptr); ok &= v[1] == -2; float x[6] = {0, 1, 2, 3, 4, 5}, b[3] = {10, 20, 30}; ops::add_bias(x, b, {2, 3}); ok &= x[5] == 35 && x[3] == 13;
  puts(ok ? "OK" : "BAD"); }
