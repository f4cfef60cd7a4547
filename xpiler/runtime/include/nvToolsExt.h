// NVTX 2's header, which NVTX 3's replaces.
#include "nvtx3/nvToolsExt.h"
