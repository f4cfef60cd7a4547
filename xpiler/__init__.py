"""xpiler: CUDA kernels to HIP, BANG C and AVX-512 C, with their correctness shown."""
