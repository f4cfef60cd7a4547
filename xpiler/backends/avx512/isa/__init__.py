"""The AVX-512 instructions with their meaning: C++ headers that are read, compiled and run."""
