"""Training: the only code that trains. `improve` is the whole job; `ctc` the way the CPU engine learns."""

import os

# Before torch is loaded: its threads (OpenMP) otherwise wait for each other by spinning, and on a machine
# that does something else besides, a step takes 13 to 40 times as long (46 to 139 ms a line against 3.5,
# two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
