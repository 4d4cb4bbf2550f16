"""Columns: tables that mean the same in Python and in compiled code, and the compiler of kernels."""
