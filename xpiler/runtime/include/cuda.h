#pragma once
#include "xpiler/prelude.h"
#include "xpiler/driver.h"
