"""`python -m rudr_py` is `rudr`."""

from rudr_py.cli import main

if __name__ == "__main__":
    main()
