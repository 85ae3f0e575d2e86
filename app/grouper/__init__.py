"""The grouper (病组分组器): DRG and DIP groups, what they pay, and what a code is worth. Pure: no clock, no I/O."""
