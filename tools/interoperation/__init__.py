"""The modules of tools/check_interoperation.py."""
