# SPDX-License-Identifier: Apache-2.0
"""The executable model of the protocol: everything in one import. `g`, `d`, `s`, `e` and `w` are
the receivers of methods of a gateway, a device, the parts, an envelope and a world."""
from device import *
from entries import *
from gateway import *
