"""The national interface (医保智能监管): transactions 3101, 3102 and 3103. The only home of NHSA abbreviations."""
