"""Generated histories of a whole plant, judged by what the OEM would find in the truck.

`floor.py` does what people do, `truth.py` keeps what must be so, `workers.py` and `__main__.py` run many in parallel.
"""
