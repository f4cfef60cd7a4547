// hipCUB has CUB's interface under its own name.
#pragma once
#include "../cub/cub.cuh"
namespace hipcub = cub;
