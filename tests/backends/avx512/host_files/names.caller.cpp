struct dim3 { unsigned x, y, z; };
extern "C" void elsewhere(dim3, dim3, unsigned long, float* x, int) { x[1] += 5; }
void run(float*, float*, int*, int);
int main() { float a[64], b[64]; int c[64]; for (int i = 0; i < 64; ++i) a[i] = 2 * i, b[i] = i ? i : 1; run(a, b, c, 64); }
