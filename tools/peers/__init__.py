"""The modules of tools/benchmark_peers.py."""
