#pragma once
#include "xp_parse.h"
