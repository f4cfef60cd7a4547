// cuComplex.h under HIP's names.
#pragma once
#include "../cuComplex.h"
#define hipFloatComplex cuFloatComplex
#define hipCrealf cuCrealf
#define hipCimagf cuCimagf
#define make_hipFloatComplex make_cuFloatComplex
#define hipConjf cuConjf
#define hipCaddf cuCaddf
#define hipCsubf cuCsubf
#define hipCmulf cuCmulf
#define hipCdivf cuCdivf
#define hipCabsf cuCabsf
#define hipCfmaf cuCfmaf
#define hipDoubleComplex cuDoubleComplex
#define hipCreal cuCreal
#define hipCimag cuCimag
#define make_hipDoubleComplex make_cuDoubleComplex
#define hipConj cuConj
#define hipCadd cuCadd
#define hipCsub cuCsub
#define hipCmul cuCmul
#define hipCdiv cuCdiv
#define hipCabs cuCabs
#define hipCfma cuCfma
#define hipComplex cuComplex
#define make_hipComplex make_cuComplex
#define hipComplexFloatToDouble cuComplexFloatToDouble
#define hipComplexDoubleToFloat cuComplexDoubleToFloat
