"""Keeping presence beyond the process: what is written behind, restored, read and cleaned up.

The one room where presence and the store meet. The store blocks, so all of it is called in worker
threads from here.
"""
