"""cuRAND's states as plain structs, for files of targets that have no such library.

A kernel's generator is inlined; what is left is memory of its states, which host code sizes and passes on. Layouts: cuRAND's
`curand_kernel.h` (48 and 64 bytes); the runtime's header of that name holds to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["STATES", "states"]

STATES: Final = {
    "curandState curandState_t curandStateXORWOW curandStateXORWOW_t": """\
struct curandStateXORWOW {
  unsigned d, v[5];
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  long long boxmuller_extra_double;
};
typedef struct curandStateXORWOW curandStateXORWOW_t, curandState_t, curandState;
""",
    "curandStatePhilox4_32_10 curandStatePhilox4_32_10_t": """\
struct curandStatePhilox4_32_10 {
  __attribute__((aligned(16))) unsigned ctr[4];
  unsigned output[4], key[2], STATE;
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  long long boxmuller_extra_double;
};
typedef struct curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;
""",
}
"""Names, separated by blanks, and the text that defines them."""


def states(text: str) -> Iterator[str]:
    """The definitions of the states that `text` names."""
    for names, definition in STATES.items():
        if re.search(rf"\b(?:{'|'.join(names.split())})\b", text):
            yield definition
