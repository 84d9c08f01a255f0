"""The measurements of `python -m bench`. Each compares arms that alternate within one run."""
