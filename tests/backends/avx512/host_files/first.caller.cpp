#include "first.hpp"
#include "second.hpp"
#include <cstdio>
#include <algorithm>
int main() { uint32_t p[200]; for (int i = 0; i < 200; ++i) p[i] = i; xor_all(p, 5, 200); and_all(p, 7, 200); bool ok = true; for (int i = 0; i < 200; ++i) ok &= p[i] == ((i ^ 5u) & 7u); puts(ok ? "OK" : "BAD"); }
