"""C with AVX-512 and VNNI intrinsics for x86-64 CPUs."""
