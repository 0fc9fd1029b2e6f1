"""What tools/check_interoperation.py is made of."""
