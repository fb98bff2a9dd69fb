"""Models behind one small interface: `model.py` says what each can do, `candidates.py` fits them, `choosing.py` says which serves."""
